"""python -m calc EXPRESSION"""

import sys

from calc.parser import value

print(f"{value(' '.join(sys.argv[1:])):g}")
