"""Serves a model's own code as AWS's framework containers do: scikit-learn, XGBoost and PyTorch.

    SM_MODEL_DIR=FOLDER SAGEMAKER_BIND_TO_PORT=PORT python -m batch_transform.local.framework FRAMEWORK TAG

One module per container, modelled on the container's own repository:

| module | container | source |
|---|---|---|
| `scikit_learn` | sagemaker-scikit-learn | aws/sagemaker-scikit-learn-container |
| `xgboost_container`, `xgboost_algorithm` | sagemaker-xgboost | aws/sagemaker-xgboost-container |
| `pytorch` | pytorch-inference | aws/sagemaker-pytorch-inference-toolkit: the package itself |
| `sagemaker_containers` | the base of the first two | aws/sagemaker-containers |

The servers in front of the code are `nginx` and `torchserve`. Tests compare each of them with AWS's own code
(`tests/local/framework`).
"""
