package quorate.card;

import javacard.framework.JCSystem;
import javacard.framework.Util;

/** The last 32 values of one length, oldest first, in memory that a reset clears. */
final class RecentList {
  private static final short CAPACITY = 32;

  private final byte[] entries;
  private final byte[] count;
  private final short size;

  RecentList(short size) {
    this.size = size;
    entries = JCSystem.makeTransientByteArray((short) (CAPACITY * size), JCSystem.CLEAR_ON_RESET);
    count = JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_RESET);
  }

  /** Adds a value as the newest; a 33rd takes the place of the oldest. */
  void add(byte[] value, short offset) {
    if (count[0] == CAPACITY) {
      drop((short) 0);
    }
    Util.arrayCopyNonAtomic(value, offset, entries, (short) (count[0] * size), size);
    count[0]++;
  }

  boolean contains(byte[] value, short offset) {
    return indexOf(value, offset) >= 0;
  }

  /** Takes a value out; false when it is not there. */
  boolean remove(byte[] value, short offset) {
    short index = indexOf(value, offset);
    if (index < 0) {
      return false;
    }
    drop(index);
    return true;
  }

  private void drop(short index) {
    short at = (short) (index * size);
    short next = (short) (at + size);
    short end = (short) (count[0] * size);
    Util.arrayCopyNonAtomic(entries, next, entries, at, (short) (end - next));
    count[0]--;
    Util.arrayFillNonAtomic(entries, (short) (end - size), size, (byte) 0);
  }

  /** Security: every value is compared to its last byte; a guess learns nothing from the time. */
  private short indexOf(byte[] value, short offset) {
    short found = -1;
    for (short index = 0; index < count[0]; index++) {
      short at = (short) (index * size);
      byte difference = 0;
      for (short i = 0; i < size; i++) {
        difference |= (byte) (entries[(short) (at + i)] ^ value[(short) (offset + i)]);
      }
      if (difference == 0) {
        found = index;
      }
    }
    return found;
  }
}
