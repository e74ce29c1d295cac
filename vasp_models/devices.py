"""Which device a model runs on."""

from __future__ import annotations

from importlib.util import find_spec
import os
from pathlib import Path
import platform

from vasp_models.errors import DeviceError

CHOICES = ("auto", "cuda", "mps", "cpu")


def resolve(device: str) -> str:
    """The device to use: `auto` takes a GPU where there is one. Raises DeviceError for one that is not there."""
    import torch

    if device not in CHOICES:
        raise DeviceError(f"Unknown device {device!r}: expected one of {', '.join(CHOICES)}.")
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if present[name])
    if not present[device]:
        raise DeviceError(f"This machine has no usable {device} device: choose --device cpu or --device auto.")
    return device


def describe(device: str) -> str:
    """The device in words for people: ``CPU, 2 cores``; of a bundle, that there is none."""
    if device == "bundle":
        return "answers from a bundle"
    if device == "cpu":
        usable = usable_cores()
        return f"CPU, {usable} core" + ("s" if usable != 1 else "")
    import torch

    return torch.cuda.get_device_name() if device == "cuda" else "Apple GPU"


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name as its maker gives it, else its architecture."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8", errors="replace").splitlines() if about.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def compiles(device: str) -> bool:
    """Whether torch's compiler makes kernels for a device: on NVIDIA cards, where Triton is installed beside torch."""
    return device == "cuda" and find_spec("triton") is not None


def has_fast_bf16(device: str) -> bool:
    """Whether bf16 multiplies faster than fp32 there, so that training may use it."""
    import torch

    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # torch has no public name for it
    return device == "cpu" and supported is not None and supported()
