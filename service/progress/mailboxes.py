"""What waits for a watcher: at most one message for each campaign.

So a slow or frozen watcher costs a bounded amount of memory, delays nobody, and gets the newest state when it wakes.
"""

import itertools
from collections.abc import Callable
from uuid import UUID

import msgspec

from service.progress.events import CampaignProgress
from service.web.wires import Encoding, encode_frame

encode_json = msgspec.json.Encoder().encode
encode_msgpack = msgspec.msgpack.Encoder().encode


class Frame:
    """One state, encoded once for all who take it in the same way."""

    __slots__ = ("_encoded", "progress")

    def __init__(self, progress: CampaignProgress) -> None:
        self.progress = progress
        self._encoded: dict[Encoding, bytes] = {}

    def encoded(self, encoding: Encoding) -> bytes:
        found = self._encoded.get(encoding)
        if found is None:
            found = self._encoded[encoding] = encode_frame(payload_of(self.progress, encoding), encoding)
        return found


def payload_of(message: msgspec.Struct, encoding: Encoding) -> bytes:
    """The same words in both formats: an instant is a text in MessagePack, too."""
    return encode_msgpack(msgspec.to_builtins(message)) if encoding.is_binary else encode_json(message)


def nobody_listens() -> None:
    pass


class Mailbox:
    """What one watcher has not been sent yet: the newest frame of each campaign."""

    __slots__ = ("_sent", "_waiting", "on_filled", "tenant_id", "wanted")

    def __init__(self, tenant_id: UUID) -> None:
        self.tenant_id = tenant_id
        self.on_filled: Callable[[], None] = nobody_listens  # called with each frame that is put into it
        self.wanted: frozenset[UUID] | None = frozenset()  # None: all campaigns of the tenant
        self._waiting: dict[UUID, Frame] = {}
        self._sent: dict[UUID, int] = {}  # the sequence that each campaign was last sent with

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, frame: Frame) -> None:
        """Keep a frame unless a newer one of its campaign was seen."""
        campaign_id, sequence = frame.progress.campaign_id, frame.progress.sequence
        if sequence > self._sent.get(campaign_id, 0):
            before = self._waiting.get(campaign_id)
            if before is None or before.progress.sequence < sequence:
                self._waiting[campaign_id] = frame
                self.on_filled()

    def take(self, count_max: int) -> list[Frame]:
        """Some of what waits, in the order in which the campaigns changed."""
        frames = list(itertools.islice(self._waiting.values(), count_max))
        for frame in frames:
            campaign_id = frame.progress.campaign_id
            del self._waiting[campaign_id]
            self._sent[campaign_id] = frame.progress.sequence
        return frames

    def begin_anew(self, wanted: frozenset[UUID] | None) -> None:
        """Who subscribes again wants the present states again, and nothing of what it wants no more."""
        self.wanted = wanted
        self._sent.clear()
        if wanted is not None:
            self._waiting = {key: frame for key, frame in self._waiting.items() if key in wanted}
