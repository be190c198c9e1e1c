"""Keywords of verbs: those that there are not are mistakes, and not passed over."""

from collections.abc import Callable

import pytest

import rawkit


@pytest.mark.parametrize("verb", [rawkit.send, rawkit.preview, rawkit.exchange])
def test_a_keyword_that_there_is_not_is_a_mistake(verb: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match=rf"{verb.__name__}\(\) .* 'sede': did you mean 'seed'\?"):
        verb("ip(dst=127.0.0.1)/icmp.echo", sede=1)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'xyzzy'$"):
        verb("ip(dst=127.0.0.1)/icmp.echo", xyzzy=1)
