"""The one-machine stack: PostgreSQL, SeaweedFS, registrar, hub, carrier simulator and agents on loopback."""
