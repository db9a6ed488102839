"""The reader: a small program between the browser and the card, on the holder's own machine. Standard library only."""

from cards.reader.pairing import Pairing
from cards.reader.server import ReaderServer, serve

__all__ = ["Pairing", "ReaderServer", "serve"]
