"""Maps: where the answer changes over two levers or a split, and what tells worlds apart."""
