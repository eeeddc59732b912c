"""What the server does in one step, in Lua, and the words of its stamps.

The stamps are one string of 64-bit words: the epoch, the plane (a random number, new
whenever the stamps are), the run (the server process that they were made in), then
from word 8 on a slot for each tag. An epoch of 0 means that there are none.
"""

from collections.abc import Collection
from functools import cache
from secrets import randbelow

EPOCH, PLANE, RUN = range(3)
EXACT = 2**52  # Lua's numbers are doubles
SLOTS_AT_ONCE = 1000

# PERSIST first: a full server allows it, and then the rest of the script.
BEGIN = """
redis.call('PERSIST', KEYS[1])
local run, plane, afresh = ARGV[1], ARGV[2], ARGV[3]
local head = redis.pcall('BITFIELD', KEYS[1],
    'GET', 'i64', '#0', 'GET', 'i64', '#1', 'GET', 'i64', '#2')
if afresh == '1' or head.err or head[1] <= 0 or head[3] ~= tonumber(run) then
    local time = redis.call('TIME')
    redis.call('DEL', KEYS[1])
    redis.call('BITFIELD', KEYS[1], 'SET', 'i64', '#1', plane, 'SET', 'i64', '#2', run,
        'SET', 'i64', '#0', time[1] * 1000000 + time[2])
    head[2] = tonumber(plane)
end
local by = (afresh == '1' or #ARGV > 3) and 1 or 0 -- who retires nothing asks for now
local epoch = redis.call('BITFIELD', KEYS[1], 'INCRBY', 'i64', '#0', by)[1]
"""
BUMP = f"""{BEGIN}
for place = 4, #ARGV do
    redis.call('BITFIELD', KEYS[1], 'SET', 'i64', '#' .. ARGV[place], epoch)
end
return {{epoch, head[2]}}
"""
# A value that is not what the caller saw is left alone, and the answer zero.
PUT = f"""
local held = redis.pcall('GET', KEYS[2])
if type(held) == 'table' then held = false end
if ARGV[5] ~= '*' and ARGV[5] ~= (held and '=' .. held or '-') then return {{0, 0}} end
{BEGIN}
redis.call('BITFIELD', KEYS[1], 'SET', 'i64', '#' .. ARGV[4], epoch)
local entry = string.format('%.0f %.0f', epoch, head[2]) .. ARGV[6]
redis.call('SET', KEYS[2], entry, unpack(ARGV, 7))
return {{epoch, head[2]}}
"""
Command = tuple[str | bytes | int, ...]


def new_plane() -> int:
    return 1 + randbelow(EXACT - 1)


def bump(stamps: str, run: int, slots: Collection[int] | None) -> Command:
    """Retire these slots, or everything (None, or very many); answers epoch, plane."""
    afresh = slots is None or len(slots) > SLOTS_AT_ONCE
    places: Collection[int] = () if slots is None or afresh else slots
    return ("EVAL", BUMP, 1, stamps, run, new_plane(), int(afresh), *places)


def put(
    stamps: str,
    key: str,
    run: int,
    slot: int,
    expected: bytes,
    rest: bytes,
    *life: str,
) -> Command:
    """Retire the key's own slot and store an entry as of then, in one step.

    expected: `*`, `-` (nothing there), or `=` and the bytes that are there.
    """
    words: Command = (run, new_plane(), 0, slot, expected, rest, *life)
    return ("EVAL", PUT, 2, stamps, key, *words)


def look(stamps: str, slots: Collection[int]) -> bytes:
    """Read epoch, plane, run and these slots; packed, for it is asked at each read."""
    words = (EPOCH, PLANE, RUN, *slots)
    count = b"*%d\r\n" % (2 + 3 * len(words))
    return count + _words("BITFIELD_RO", stamps) + b"".join(map(_field, words))


def packed(command: Command | bytes) -> bytes:
    """The command as the protocol has it."""
    if isinstance(command, bytes):
        return command
    return b"*%d\r\n" % len(command) + _words(*command)


def _words(*words: str | bytes | int) -> bytes:
    made = [
        word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogatepass")
        for word in words
    ]
    return b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in made])


@cache
def _field(word: int) -> bytes:
    """There are 65,536 of them."""
    return _words("GET", "i64", f"#{word}")
