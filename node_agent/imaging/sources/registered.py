"""The source that a registered device takes pages with."""

from pathlib import Path

from crypto.refusal import Refusal
from node_agent.imaging.devices import RULE, Registered
from node_agent.imaging.sources.base import Source
from node_agent.imaging.sources.camera import Camera
from node_agent.imaging.sources.scanner import Scanner


def source_of(device: Registered) -> Path | Source:
    """By kind: FOLDER its folder, SCANNER SANE's name, CAMERA a V4L2 number. Refusal DEVICE_FORMAT."""
    if device.kind == "FOLDER":
        return Path(device.address)
    if device.kind == "SCANNER":
        return Scanner(device.address)
    if device.kind == "CAMERA" and device.address.isdecimal():
        return Camera(int(device.address))
    raise Refusal("DEVICE_FORMAT", RULE, device=device.code)
