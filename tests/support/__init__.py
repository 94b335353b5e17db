"""What tests share: worlds, servers, warehouses, faults to put into them."""
