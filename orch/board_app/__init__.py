"""The board on a terminal: keys that give commands; started by the table's row of `top`."""
