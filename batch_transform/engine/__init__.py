"""The transform engine: what a SageMaker transform job does to its data.

    objects → records → filtered records → batches → answers → joined and filtered results → .out objects

In this order: `transform_job`, `transform_object`, `input_filter`, `batches`, `invoke`, `results`. `record_filter` does
what a filter and a join do to a record. The engine has no HTTP and no AWS client: the caller of
`transform_job.run_transform_job` provides storage, model and log (`interfaces`).
"""
