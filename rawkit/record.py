"""Records: what ``@dataclass(slots=True)`` makes, at a sixth of the price.

Every command starts an interpreter, and a probe is over in a millisecond, so the time to
define some sixty small classes is most of what a user waits for. The standard decorator
compiles six methods a class and imports ``inspect``; this one compiles ``__init__`` when
a few instances have been made, and shares the rest. Type checkers see the two alike (PEP 681).

Supported: defaults, ``field``, frozen or not, keyword-only, inheritance, pattern
matching, copying, pickling and ``__post_init__``. Not supported: ordering, ``InitVar``,
zero-argument ``super()`` in a method (the class is made anew, to have slots).
"""

from collections.abc import Callable, Hashable
from functools import cache, partial
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, dataclass_transform, overload

T = TypeVar("T")
MISSING: Any = object()
FEW = 2
"""Instances that are made without a compiled ``__init__``: that takes as long as twenty."""
BECOME: Any = object.__dict__["__class__"].__set__
"""Gives an instance another class, whatever the class that it has says to assignments."""
TWIN_NEEDS = ("__slots__", "__orig_bases__", "__parameters__")


class Field:
    """What is special about one field; made by :func:`field`."""

    __slots__ = ("compare", "default", "factory", "init", "kw_only", "name", "repr")

    def __init__(
        self,
        default: Any = MISSING,
        factory: Callable[[], Any] | None = None,
        *,
        init: bool = True,
        compare: bool = True,
        repr: bool = True,  # noqa: A002  # the name that everybody knows
        kw_only: bool = False,
    ) -> None:
        self.name = ""
        self.default = default
        self.factory = factory
        self.init = init
        self.compare = compare
        self.repr = repr
        self.kw_only = kw_only


class Signature:
    """What ``inspect.signature`` is to tell of a record."""

    def __get__(self, instance: object, owner: type) -> Any:
        from inspect import signature

        return signature(partial(_compile_init(_record_of(owner)), None))


SIGNATURE = Signature()


class Filled:
    """What makes records of a class from values; compiled when a few were made."""

    def __get__(self, instance: object, owner: type[T]) -> Callable[..., T]:
        if _count(owner) <= FEW:
            return partial(_filled_slowly, owner)
        return _compile_filled(owner)


class Fillable:
    """Base of records that are made by the million.

    ``filled`` takes a value for every field, in order, and returns a record: a constructor
    without names, defaults, checks and ``__post_init__``, in two thirds of the time.
    """

    __slots__ = ()
    filled = Filled()

    def __init_subclass__(cls) -> None:
        cls.filled = Filled()  # and not the one that its base may have compiled for itself


def field(
    *,
    default: Any = MISSING,
    default_factory: Callable[[], Any] | None = None,
    init: bool = True,
    compare: bool = True,
    repr: bool = True,  # noqa: A002  # the name that everybody knows
    kw_only: bool = False,
) -> Any:
    """Describe a field that needs more than a default, as ``dataclasses.field`` does."""
    return Field(default, default_factory, init=init, compare=compare, repr=repr, kw_only=kw_only)


def computed(*, default: None) -> Any:
    """Declare a field that follows from the rest: a length or a checksum.

    ``None`` means "work it out"; a number is taken as it stands, right or wrong. Such
    fields take no part in equality.
    """
    return Field(default, compare=False)


@overload
def record(cls: type[T], /) -> type[T]: ...
@overload
def record(
    *, frozen: bool = True, kw_only: bool = False, eq: bool = True
) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field, computed))
def record(
    cls: type[T] | None = None, /, *, frozen: bool = True, kw_only: bool = False, eq: bool = True
) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a slotted class of annotated fields; immutable unless said otherwise."""
    if cls is None:
        return lambda cls: _made(cls, frozen, kw_only, eq)
    return _made(cls, frozen, kw_only, eq)


def replace(instance: T, **changes: Any) -> T:
    """Return a copy of a record with some fields changed."""
    kind: Any = type(instance)
    places, values_of, by_name = _given_by(kind)
    values = list(values_of(instance))
    for name in changes.keys() & places.keys():
        values[places[name]] = changes.pop(name)
    if by_name or changes:
        replaced: T = kind(**dict(zip(places, values, strict=True)), **changes)
    else:
        replaced = kind(*values)
    return replaced


def computed_fields(kind: Hashable) -> tuple[str, ...]:
    """Return the names of the fields of a record that take no part in equality."""
    return tuple(one.name for one in fields(kind) if not one.compare)


def fields(kind: object) -> tuple[Field, ...]:
    """Return the fields of a record or of its class, in order."""
    found: tuple[Field, ...] = kind.__record_fields__  # type: ignore[attr-defined]  # its mark
    return found


def as_dict(instance: object) -> dict[str, Any]:
    """Return the fields of a record by name; values are as they are."""
    return {f.name: getattr(instance, f.name) for f in fields(instance)}


@cache
def _given_by(
    kind: Hashable,
) -> tuple[dict[str, int], Callable[[object], tuple[Any, ...]], bool]:
    """Return what a constructor takes: the places of fields, their values, whether by name."""
    given = [one for one in fields(kind) if one.init]
    names = [one.name for one in given]
    values_of: Callable[[object], tuple[Any, ...]] = attrgetter(*names) if names else _nothing
    if len(names) == 1:
        values_of = _only(names[0])
    places = {name: place for place, name in enumerate(names)}
    return places, values_of, any(one.kw_only for one in given)


def _only(name: str) -> Callable[[object], tuple[Any]]:
    return lambda instance: (getattr(instance, name),)


def _made(cls: type[T], frozen: bool, kw_only: bool, eq: bool) -> type[T]:
    inherited = {f.name: f for f in getattr(cls, "__record_fields__", ())}
    own = _own_fields(cls, kw_only)
    every = tuple({**inherited, **own}.values())
    body = {
        name: value
        for name, value in cls.__dict__.items()
        if name not in own and name not in ("__dict__", "__weakref__")
    }
    body["__slots__"] = tuple(name for name in own if name not in inherited)
    body["__record_fields__"] = every
    body["__match_args__"] = tuple(f.name for f in every if f.init and not f.kw_only)
    body["__init__"], body["__signature__"] = _first_init, SIGNATURE
    body["_record_source"] = every, frozen, hasattr(cls, "__post_init__")
    shared: dict[str, Any] = {"__repr__": _repr, "__getstate__": as_dict, "__setstate__": _restore}
    if eq:
        compared = [f.name for f in every if f.compare]
        body["_record_key"] = staticmethod(attrgetter(*compared) if compared else _nothing)
        shared |= {"__eq__": _equal, "__hash__": _hash if frozen else None}
    if frozen:
        shared |= {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
    metaclass: Any = type(cls)
    made: type[T] = metaclass(cls.__name__, cls.__bases__, {**shared, **body})
    made.__qualname__ = cls.__qualname__
    return made


def _own_fields(cls: type, kw_only: bool) -> dict[str, Field]:
    own = {}
    for name, annotation in cls.__annotations__.items():
        if getattr(annotation, "__origin__", annotation) is ClassVar:
            continue
        given = cls.__dict__.get(name, MISSING)
        one = given if isinstance(given, Field) else Field(given)
        one.name, one.kw_only = name, kw_only or one.kw_only
        own[name] = one
    return own


def _first_init(self: Any, /, *args: Any, **keywords: Any) -> None:
    """Stand in for ``__init__`` as long as it does not pay to compile that."""
    made = _record_of(type(self))
    if _count(made) > FEW or not _filled(self, made, args, keywords):
        _compile_init(made)(self, *args, **keywords)


def _count(kind: Any) -> int:
    """Return how many instances of a class were made, this one counted, up to a few."""
    number: int = kind.__dict__.get("_record_count", 0) + 1
    kind._record_count = number
    return number


def _filled(self: Any, made: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    """Set every field, if the arguments are in order."""
    every, _, post = made._record_source
    values = dict(zip(made.__match_args__, args, strict=False)) | keywords
    unused = len(args) + len(keywords)
    for one in every:
        value = one.default
        if one.init and one.name in values:
            value = values[one.name]
            unused -= 1
        elif one.factory is not None:
            value = one.factory()
        elif value is MISSING and one.init:
            return False
        if value is not MISSING:
            object.__setattr__(self, one.name, value)
    if unused == 0 and post:
        self.__post_init__()
    return unused == 0


def _record_of(cls: Any) -> Any:
    """Return a record, or the one that a class inherits ``__init__`` from."""
    return next(each for each in cls.__mro__ if "_record_source" in each.__dict__)


def _compile_init(made: Any) -> Callable[..., None]:
    """Give a record its real ``__init__``, and return that."""
    if made.__init__ is _first_init:
        made.__init__ = _init_of(made, made)
    init: Callable[..., None] = made.__init__
    return init


def _init_of(made: Any, kind: Any) -> Callable[..., None]:
    """Compile an ``__init__`` with the fields of a record for it, or a class derived from it."""
    every, frozen, _ = made._record_source
    scope: dict[str, Any] = {"__missing__": MISSING}
    parameters, defaults, names = ["self"], [], []
    for one in sorted(every, key=lambda f: f.kw_only):
        name = one.name
        scope[f"{name}_default"] = one.factory or one.default
        if one.kw_only and one.init and "*" not in parameters:
            parameters.append("*")
        if not one.init:
            if one.factory is None and one.default is MISSING:
                continue
            defaults.append(f"{name} = {name}_default{'()' if one.factory else ''}")
        elif one.factory is not None:
            parameters.append(f"{name}=__missing__")
            defaults.append(f"{name} = {name}_default() if {name} is __missing__ else {name}")
        else:
            parameters.append(name if one.default is MISSING else f"{name}={name}_default")
        names.append(name)
    puts = [f"self.{name} = {name}" for name in names]
    if frozen and names:
        # A field may have any name but one like these, which would hide what it names here.
        scope |= {"__kind__": kind, "__twin__": _open_twin(kind), "__become__": BECOME}
        scope["__fill__"] = partial(_fill, made)
        values = "".join(f"{name!r}: {name}, " for name in names)
        elsewise = f"if self.__class__ is not __kind__: return __fill__(self, {{{values}}})"
        puts = [elsewise, "__become__(self, __twin__)", *puts, "self.__class__ = __kind__"]
    lines = [*defaults, *puts]
    if hasattr(kind, "__post_init__"):
        lines.append("self.__post_init__()")
    return compiled("__init__", parameters, lines, scope)


def _compile_filled(kind: Any) -> Callable[..., Any]:
    """Give a class its own ``filled``, and return that."""
    names = [one.name for one in fields(kind)]
    puts = [f"self.{name} = {name}" for name in names]
    lines = ["self = __twin__()", *puts, "self.__class__ = __kind__", "return self"]
    scope = {"__twin__": _open_twin(kind), "__kind__": kind}
    filled = compiled("filled", names, lines, scope)
    kind.filled = staticmethod(filled)
    return filled


def _filled_slowly(kind: type[T], *values: Any) -> T:
    self = object.__new__(kind)
    made = _record_of(kind)
    for one, value in zip(fields(kind), values, strict=True):
        getattr(made, one.name).__set__(self, value)  # the slot, whatever hides it
    return self


def compiled(
    name: str, parameters: list[str], lines: list[str], scope: dict[str, Any]
) -> Callable[..., Any]:
    """Return a function made of text, in which nothing that came from outside may be."""
    source = f"def {name}({', '.join(parameters)}):\n " + ("\n ".join(lines) or "pass")
    exec(source, scope)  # nothing but names of fields goes into it
    function: Callable[..., Any] = scope[name]
    return function


def _open_twin(made: Any) -> type:
    """Return a class with the same slots whose instances can be changed.

    An instance is one of it while it is filled: plain assignment to a slot takes a tenth
    of the time of ``object.__setattr__``, which is what a frozen class has to call.
    """
    body = {name: made.__dict__[name] for name in TWIN_NEEDS if name in made.__dict__}
    plain = {name: object.__dict__[name] for name in ("__init__", "__setattr__", "__delattr__")}
    twin: type = type(made)(made.__name__, made.__bases__, {**body, **plain})
    return twin


def _fill(made: Any, self: Any, values: dict[str, Any]) -> None:
    """Fill a record of a class derived from ``made``, and see that the next has its own way."""
    for name, value in values.items():
        object.__setattr__(self, name, value)
    if hasattr(self, "__post_init__"):
        self.__post_init__()
    kind = type(self)
    if kind.__init__ is made.__init__ and _count(kind) > FEW:
        kind.__init__ = _init_of(made, kind)


def _nothing(_: object) -> tuple[()]:
    return ()


def _repr(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr)
    return f"{type(self).__qualname__}({shown})"


def _equal(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return self._record_key(self) == self._record_key(other)


def _hash(self: Any) -> int:
    return hash(self._record_key(self))


def _restore(self: Any, state: dict[str, Any]) -> None:
    for name, value in state.items():
        object.__setattr__(self, name, value)


def _refuse_set(self: Any, name: str, value: object) -> None:
    raise AttributeError(f"cannot change {name!r} of a {type(self).__name__}: records are values")


def _refuse_delete(self: Any, name: str) -> None:
    raise AttributeError(f"cannot delete {name!r} of a {type(self).__name__}: records are values")
