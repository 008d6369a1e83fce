"""Where pages come from: one interface for folders, documents, scanners, cameras and the browser (``base``)."""
