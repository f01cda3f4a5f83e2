-- Who has written in which thread of a room: the list of threads is read from this index alone.
CREATE INDEX event_thread ON event (room, relates, sender, pos) WHERE rel_type = 'm.thread';
