"""The transform engine: what a SageMaker transform job does to its data.

    objects → records → filtered records → batches → answers → joined and filtered results → .out objects

The engine has no HTTP and no AWS client: the caller of `transform_job.run_transform_job` provides storage, model and
log (`interfaces`). To follow one record, read the modules in this order:

1. `transform_job` reads the `settings` of the request, and has `workers` transform the objects of its `selection`.
2. `transform_object` takes one object from its bytes to its `.out` object: `ObjectTransform._write` has all the steps
   that follow.
3. `records` cuts the bytes into records (`framed`, if they are RecordIO or TFRecord).
4. `batches` passes the records through the `input_filter` and packs them into request bodies. For a join, each batch
   keeps its original records (`join_buffer`).
5. `request_groups` hands several small requests to a worker at a time; `invoke` sends them, and retries.
6. `results` splits the model's response into `answers`, joins them with the original records and applies the output
   filter.
7. `silent_losses` writes the results to the `.out` object, and counts what was lost without an error.

What a filter or a join does to a record is in `record_filter`, which picks the fastest of three implementations.
"""
