"""The stamps in the server, and the Lua scripts that change them atomically.

The stamps are one string of 64-bit words: the epoch, the generation (a random number
that is new whenever the stamps are created), the run (the process of the server that
created them), and from word 8 on a slot for each tag. An epoch of 0 means that there
are no stamps.
"""

from collections.abc import Collection
from functools import cache
from secrets import randbelow

EPOCH, GENERATION, RUN = range(3)
EXACT = 2**52  # Lua's numbers are doubles
SLOTS_AT_ONCE = 1000

# PERSIST is first: a server without free memory allows it, and so the whole script.
BEGIN = """
redis.call('PERSIST', KEYS[1])
local run, generation, everything = ARGV[1], ARGV[2], ARGV[3]
local head = redis.pcall('BITFIELD', KEYS[1],
    'GET', 'i64', '#0', 'GET', 'i64', '#1', 'GET', 'i64', '#2')
if everything == '1' or head.err or head[1] <= 0 or head[3] ~= tonumber(run) then
    local time = redis.call('TIME')
    redis.call('DEL', KEYS[1])
    redis.call('BITFIELD', KEYS[1], 'SET', 'i64', '#1', generation,
        'SET', 'i64', '#2', run, 'SET', 'i64', '#0', time[1] * 1000000 + time[2])
    head[2] = tonumber(generation)
end
local by = (everything == '1' or #ARGV > 3) and 1 or 0 -- no slots: only read the epoch
local epoch = redis.call('BITFIELD', KEYS[1], 'INCRBY', 'i64', '#0', by)[1]
"""
BUMP = f"""{BEGIN}
for place = 4, #ARGV do
    redis.call('BITFIELD', KEYS[1], 'SET', 'i64', '#' .. ARGV[place], epoch)
end
return {{epoch, head[2]}}
"""
# Compare-and-swap: if the value is not the expected one, the reply is zero.
PUT = f"""
local old = redis.pcall('GET', KEYS[2])
if type(old) == 'table' then old = false end
if ARGV[5] ~= '*' and ARGV[5] ~= (old and '=' .. old or '-') then return {{0, 0}} end
{BEGIN}
redis.call('BITFIELD', KEYS[1], 'SET', 'i64', '#' .. ARGV[4], epoch)
local entry = string.format('%.0f %.0f', epoch, head[2]) .. ARGV[6]
redis.call('SET', KEYS[2], entry, unpack(ARGV, 7))
return {{epoch, head[2]}}
"""
Command = tuple[str | bytes | int, ...]


def new_generation() -> int:
    return 1 + randbelow(EXACT - 1)


def bump(stamps: str, run: int, slots: Collection[int] | None) -> Command:
    """The command that invalidates these slots. Its reply is (epoch, generation).

    It invalidates everything if the slots are None or more than SLOTS_AT_ONCE.
    run: the server process that the connection leads to.
    """
    everything = slots is None or len(slots) > SLOTS_AT_ONCE
    few_slots: Collection[int] = () if slots is None or everything else slots
    arguments = (run, new_generation(), int(everything), *few_slots)
    return ("EVAL", BUMP, 1, stamps, *arguments)


def put(
    stamps: str,
    key: str,
    run: int,
    slot: int,
    expected: bytes,
    rest: bytes,
    *expiry: str,
) -> Command:
    """Invalidate the key's own slot and store an entry at the new epoch, atomically.

    expected: `*` (anything), `-` (no value), or `=` and the bytes of the value.
    """
    words: Command = (run, new_generation(), 0, slot, expected, rest, *expiry)
    return ("EVAL", PUT, 2, stamps, key, *words)


def read(stamps: str, slots: Collection[int]) -> bytes:
    """Read epoch, generation, run and these slots; encoded here for speed."""
    words = (EPOCH, GENERATION, RUN, *slots)
    count = b"*%d\r\n" % (2 + 3 * len(words))
    return count + _words("BITFIELD_RO", stamps) + b"".join(map(_field, words))


def encoded(command: Command | bytes) -> bytes:
    """The command in the protocol's encoding (RESP)."""
    if isinstance(command, bytes):
        return command
    return b"*%d\r\n" % len(command) + _words(*command)


def _words(*words: str | bytes | int) -> bytes:
    texts = [
        word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogatepass")
        for word in words
    ]
    return b"".join([b"$%d\r\n%b\r\n" % (len(text), text) for text in texts])


@cache
def _field(word: int) -> bytes:
    """The words that read a slot; cached for all 65,536 slots."""
    return _words("GET", "i64", f"#{word}")
