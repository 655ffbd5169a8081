"""Serves a model's own code as AWS's framework containers do: scikit-learn, XGBoost and PyTorch.

    SM_MODEL_DIR=FOLDER SAGEMAKER_BIND_TO_PORT=PORT python -m batch_transform.local.framework FRAMEWORK TAG

One module for each container, written after the container's own repository:

| module | container | source |
|---|---|---|
| `scikit_learn` | sagemaker-scikit-learn | aws/sagemaker-scikit-learn-container (`serving.py`) |
| `xgboost_script`, `xgboost_algorithm` | sagemaker-xgboost | aws/sagemaker-xgboost-container (`serving.py`, `algorithm_mode/serve.py`) |
| `pytorch` | pytorch-inference | aws/sagemaker-pytorch-inference-toolkit, which itself answers here |
| `sagemaker_containers` | what the first two are made of, and what a model's code imports | aws/sagemaker-containers |

What stands in front of the code is `front` (nginx) and `torchserve`. Tests hold each of them against AWS's own code
(`tests/local/framework`).
"""
