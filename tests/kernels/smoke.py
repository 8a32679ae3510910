"""That an installed wheel has its kernels and computes with them: run by make wheel, from elsewhere."""

import torch

import normlab
from normlab.kernels import native


def main() -> None:
    assert "site-packages" in normlab.__file__, normlab.__file__
    x = torch.rand(2, 8, 5, 5, requires_grad=True)
    layer = normlab.nn.LocalResponseNorm(5)
    told = str(normlab.explain(layer, x))
    assert "C++ kernels" in told, told
    for name, runs in native.compiled().items():
        if not runs:
            print(f"{name}: untried, since this processor does not have it")
            continue
        with native.forced(name):
            y = layer(x)
        torch.testing.assert_close(y, torch.nn.functional.local_response_norm(x, 5))
        y.sum().backward()
    print(f"{native.status()}; torch {torch.__version__}")


if __name__ == "__main__":
    main()
