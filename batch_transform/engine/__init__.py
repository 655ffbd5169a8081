"""The transform engine: what a SageMaker transform job does to its data.

    objects → records → filtered records → batches → answers → joined and filtered results → .out objects

It knows no HTTP API and no AWS client: storage, model and log come in through `seams`.
`transform_job.run_transform_job` is the way in.
"""
