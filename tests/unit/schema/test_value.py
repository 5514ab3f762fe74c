"""Value classes: filled by place and by name, what is mutable made for each."""

from schema.value import Value, own


class Point(Value):
    """A value with a default of each kind."""

    x: int
    y: int = 2
    names: list[str] = own(factory=list)


class Named(Point):
    """One that adds a field."""

    name: str = ""


def test_fields_are_filled_by_place_and_by_name():
    assert vars(Point(1)) == {"x": 1, "names": []}
    assert (Point(1).y, Point(1, 3).y, Point(x=1, y=4).y) == (2, 3, 4)
    assert Point(1, names=["a"]).names == ["a"]


def test_what_is_mutable_is_made_for_each_value():
    one, other = Point(1), Point(1)
    one.names.append("a")
    assert other.names == []


def test_a_class_has_the_fields_of_those_below_it():
    assert Named._fields == ("x", "y", "names", "name")
    assert Named(1, 2, ["b"], "c").name == "c"
