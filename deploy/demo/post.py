"""The demo's hand on the carrier simulator: what the courier does, event by event."""

import json
import urllib.request

from deploy.stack.stack import Stack


class CarrierDesk:
    """Speaks to the simulator's ``/admin`` side."""

    def __init__(self, stack: Stack) -> None:
        self._url = f"http://127.0.0.1:{stack.layout.ports()['carrier']}"
        self._key = (stack.layout.folder("carrier") / "api.key").read_text().strip()

    def scenario(self, number: int) -> None:
        """Which scenario the next parcel plays."""
        self._post("/admin/scenario", {"scenario": number})

    def play(self, steps: int = 50) -> int:
        """Play the next events of all parcels; how many were played."""
        return self._post("/admin/advance", {"steps": steps})["played"]

    def _post(self, path: str, body: dict[str, object]) -> dict[str, int]:
        request = urllib.request.Request(
            self._url + path,
            data=json.dumps(body).encode(),
            headers={"X-Api-Key": self._key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
            return found
