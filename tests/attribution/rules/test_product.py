"""Products, quotients and matrix products equal the slow definition."""

from __future__ import annotations

from torch import Tensor

from tests.attribution.rules.cases import positive
from tests.attribution.rules.definition import check_against_definition
from tests.reference import scalar_deeplift as slow
from tests.reference.scalar_deeplift import Number


def test_a_product_shares_its_interaction_equally() -> None:
    check_against_definition(
        lambda x: x[:, :3] * x[:, 3:], (6,), lambda xs: [xs[i] * xs[i + 3] for i in range(3)]
    )


def test_a_quotient_undoes_a_product() -> None:
    check_against_definition(
        lambda x: x[:, :3] / x[:, 3:],
        (6,),
        lambda xs: [xs[i] / xs[i + 3] for i in range(3)],
        positive,
    )


def test_a_matrix_product_is_products_added_up() -> None:
    def definition(xs: list[Number]) -> list[Number]:
        a = [xs[3 * i : 3 * i + 3] for i in range(2)]
        b = [xs[6 + 2 * k : 8 + 2 * k] for k in range(3)]
        return [slow.dot(row, [b[k][j] for k in range(3)]) for row in a for j in range(2)]

    def multiply(x: Tensor) -> Tensor:
        return x[:, :6].unflatten(1, (2, 3)) @ x[:, 6:].unflatten(1, (3, 2))

    check_against_definition(multiply, (12,), definition)
