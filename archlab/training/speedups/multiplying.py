"""Matrices are multiplied in half the time where the processor is newer than thinc's BLIS, to the same bytes.

BLIS chooses a kernel by the family of the processor. For one that it does not know, such as AMD's from Zen 3
on, it has one in plain C. That rounds each product and each sum, in their order, and begins anew after PANEL
products. So does its kernel for Intel's Sandy Bridge, which uses AVX, but for the number. It is in the same
library, whose interface for experts lets a caller choose; that it gives the same is tried before it is used.
"""

import ctypes
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.processes import ON_LINUX

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
    Multiply = Callable[..., "Array"]

PLAIN, WITH_AVX = "generic", "sandybridge"
PANEL = 256
"""So many products the plain kernel adds up before it adds them to those before."""

WORTHWHILE = 200_000
"""Products; fewer are done before the other kernel has been called."""

TRIED = ((33, 60, 96), (128, PANEL, 70), (31, 3 * PANEL - 7, 41))
"""(rows, products to add up, columns) for which both kernels must agree."""

TRANSPOSED = 8
"""Of BLIS's `trans_t`; 0 for a matrix as it is."""


@contextmanager
def multiplying_sooner() -> Iterator[None]:
    """Within this, thinc multiplies float32 matrices on the CPU by the faster kernel, where there is one."""
    import blis.py  # type: ignore[import-untyped]

    plain = blis.py.gemm
    faster = _faster_than(plain, blis.py.__file__)
    if faster is None:
        yield
        return
    blis.py.gemm = faster
    try:
        yield
    finally:
        blis.py.gemm = plain


@cache
def _faster_than(plain: "Multiply", library: str) -> "Multiply | None":
    """What gives the same as the `gemm` of this library, sooner; tried once for a process and its forks."""
    kernel = _kernel_with_avx(library)
    faster = _gemm(kernel, plain) if kernel is not None else None
    return faster if faster is not None and _agree(plain, faster) else None


def _kernel_with_avx(library: str) -> Callable[..., None] | None:
    """`bli_sgemm_ex` with the context of that kernel as its last but one argument, if that is a faster one.

    None where BLIS knows the processor, or is another build; and where the processor has no AVX.
    """
    if not (ON_LINUX and platform.machine() == "x86_64" and b" avx " in Path("/proc/cpuinfo").read_bytes()):
        return None
    blis = ctypes.CDLL(library)  # the one that is loaded already
    needed = ("init", "arch_string", "arch_query_id", "gks_lookup_nat_cntx", "sgemm_ex")
    if not all(hasattr(blis, f"bli_{name}") for name in (*needed, f"cntx_init_{WITH_AVX}")):
        return None
    blis.bli_init()
    blis.bli_arch_string.restype, blis.bli_gks_lookup_nat_cntx.restype = ctypes.c_char_p, ctypes.c_void_p
    kernels = [blis.bli_arch_string(number).decode() for number in range(blis.bli_arch_query_id() + 1)]
    if kernels[-1] != PLAIN or WITH_AVX not in kernels:
        return None
    context, product = blis.bli_gks_lookup_nat_cntx(kernels.index(WITH_AVX)), blis.bli_sgemm_ex
    size, address = ctypes.c_int64, ctypes.c_void_p
    matrix: list[Any] = [address, size, size]
    sizes: list[Any] = [ctypes.c_int, ctypes.c_int, size, size, size]
    product.argtypes = [*sizes, address, *matrix, *matrix, address, *matrix, address, address]
    product.restype = None
    return lambda *arguments: product(*arguments, context, None)


def _gemm(kernel: Callable[..., None], plain: "Multiply") -> "Multiply":
    """A `blis.py.gemm` that uses the kernel for matrices worth it, panel by panel."""
    import numpy as np

    zero, one = (ctypes.byref(ctypes.c_float(number)) for number in (0.0, 1.0))

    def gemm(
        A: "Array",
        B: "Array",
        out: "Array | None" = None,
        trans1: bool = False,
        trans2: bool = False,
        alpha: float = 1.0,
        beta: float = 1.0,
    ) -> "Array":
        rows, inner = A.shape[::-1] if trans1 else A.shape
        inner_too, columns = B.shape[::-1] if trans2 else B.shape
        is_product = alpha == 1 and beta in (0, 1) and inner == inner_too and A.dtype == B.dtype == np.float32
        if not is_product or rows * inner * columns < WORTHWHILE:
            return plain(A, B, out=out, trans1=trans1, trans2=trans2, alpha=alpha, beta=beta)
        if out is None:
            out = np.zeros((rows, columns), dtype=np.float32)
        how = (TRANSPOSED if trans1 else 0, TRANSPOSED if trans2 else 0, rows, columns)
        from_A, from_B, to = A.ctypes.data, B.ctypes.data, (out.ctypes.data, out.shape[1], 1)
        step_A, step_B = (A.strides[not trans1], B.strides[trans2])
        for begin in range(0, inner, PANEL):
            a = (from_A + begin * step_A, A.shape[1], 1)
            b = (from_B + begin * step_B, B.shape[1], 1)
            kernel(*how, min(PANEL, inner - begin), one, *a, *b, one if begin or beta else zero, *to)
        return out

    return gemm


def _agree(plain: "Multiply", faster: "Multiply") -> bool:
    """Whether both give the same bytes."""
    import numpy as np

    random = np.random.default_rng(0)
    for rows, inner, columns in TRIED:
        for trans1, trans2 in ((False, False), (True, False), (False, True)):
            A = random.standard_normal((inner, rows) if trans1 else (rows, inner), dtype=np.float32)
            B = random.standard_normal((columns, inner) if trans2 else (inner, columns), dtype=np.float32)
            for beta in (0.0, 1.0):
                first, second = (np.full((rows, columns), 0.1, dtype=np.float32) for _ in range(2))
                for one, out in ((faster, first), (plain, second)):
                    one(A, B, out=out, trans1=trans1, trans2=trans2, beta=beta)
                if first.tobytes() != second.tobytes():
                    return False
    return True
