"""What is, and what is not, the meaning of a text in Python."""

import ast

import pytest
from groupconv.ground import fingerprint

CODE = '''"""What it is."""

import math  # for pi

AREA = math.pi
TEXT = """one
# not a comment

  two  """
JOINED = ("a"
          "b")


def f(x):
    """Twice."""
    return f"{x}#{AREA}" * 2


class A:
    """A thing."""

    value = 1


class B(Exception):
    pass


def g(): ...
'''


def meant(text):
    return fingerprint.meaning(text, ast.parse(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""What it is."""', '"""Something else,\n\nof three lines."""'),
        ('"""What it is."""\n\n', ""),
        ("# for pi", "# for the area"),
        ("  # for pi", ""),
        ("AREA =", "# a line of its own\nAREA ="),
        ("\n\n\ndef f", "\n\ndef f"),
        ('    """Twice."""\n', ""),
        ('    """Twice."""\n', "    '''Zweimal: größer.\n\n    # still'''  # why\n\n"),
        ('("a"\n', '("a"  # first\n\n          # then\n'),
        ('  two  """', '  two  """  # the end'),
        ("value = 1\n", "value = 1   \n"),
        ("value = 1\n", 'value = 1\n    """What it is worth,\n    in yen."""\n'),
        ("AREA = math.pi\n", 'AREA = math.pi\n"""Of the unit circle."""\n'),
        ('    """A thing."""\n', '    (\n        """A"""\n        """ thing."""\n    )\n'),
        ('    """Twice."""\n    return', '    """Twice."""; return'),
        ('    """Twice."""\n', '    """Twice."""; """And more."""; \n'),
        ("    pass\n", '    """A fault."""\n'),
        ("    pass\n", '    """A fault,\n    of theirs."""\n\n    pass\n'),
        ("B(Exception):\n    pass", "B(Exception): pass"),
        ("...", '"""Größer."""'),
        ("...", '\n    """Größer."""'),
        ("\n", "\r\n"),
    ],
)
def test_what_means_the_same(old, new):
    assert old in CODE
    assert meant(CODE.replace(old, new)) == meant(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("* 2", "* 3"),
        ("# not a comment", "# another text"),
        ("# not a comment\n\n", "# not a comment\n"),
        ('  two  """', '  two """'),
        ("{x}#", "{x} #"),
        ("value = 1", 'value = "A thing."'),
        ('    """A thing."""\n', '    text = """A thing."""\n'),
        ("import math", "import cmath as math"),
        ("    pass\n", "    value = 1\n"),
        ("...", "return 1"),
        ("...", '(yield """Größer.""")'),
        ('    """Twice."""\n', '    f"""Twice {x}."""\n'),
        ('    """Twice."""\n', '    """Twice."""; x = 2\n'),
    ],
)
def test_what_means_something_else(old, new):
    assert old in CODE
    assert meant(CODE.replace(old, new)) != meant(CODE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1 \\\n\n+2\n", "x = 1 \\\n+2\n"),
        ("x = 1 \\\n# c\n+2\n", "x = 1 \\\n+2\n"),
        ('if x: \\\n  "doc"\ny = 1\n', "if x: \\\ny = 1\n"),
        ("# c\rx = 1", "# c\rx = 2"),
        ('x = """a\n\nb"""; """doc\ndoc"""\n', 'x = """a\n\n\nb"""; """doc"""\n'),
        ('"""doc\ndoc"""; x = """a\nb"""\n', '"""doc"""; x = """a\n\nb"""\n'),
        ("x = 'a\\\n\\\nb'\n", "x = 'a\\\nb'\n"),
        ('def f():\n    """d"""; return 1\n', 'def f():\n    """d"""\nreturn_ = 1\n'),
    ],
)
def test_two_texts_that_do_something_else_mean_something_else(one, other):
    assert meant(one) != meant(other)


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_line_ends_mean_nothing(end):
    text = 'x = 1  # c\n\n\ndef f():\n    """d\n    e"""\n    return """a\n\n  b""" \\\n  + "c"\n'
    assert meant(text.replace("\n", end)) == meant(text)
