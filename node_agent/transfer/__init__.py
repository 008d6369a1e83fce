"""What moves between a node and the hub: acts up, leaves down, sealings there and back, keys onward."""
