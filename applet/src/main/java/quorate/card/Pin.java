package quorate.card;

import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.OwnerPIN;

/**
 * The PIN and its tries.
 *
 * <p>The value is the platform's OwnerPIN, which compares it. The tries that count are kept here, so that a try and
 * the state counter are one write. The platform's own tries never run out before: each attempt lowers these first.
 */
final class Pin {
  static final short MIN = 4;
  static final short MAX = 16;
  private static final byte TRIES = 3;

  private final OwnerPIN value;
  private final byte[] stateCounter;
  private byte triesLeft = TRIES;

  Pin(byte[] stateCounter) {
    this.stateCounter = stateCounter;
    value = new OwnerPIN(TRIES, (byte) MAX);
  }

  byte triesLeft() {
    return triesLeft;
  }

  /** Sets the first PIN. Not a transaction: the caller's follows, and the PIN is nothing before it. */
  void setFirst(byte[] array, short offset, short length) {
    value.update(array, offset, (byte) length);
    triesLeft = TRIES;
  }

  /** Security: the try is written before the comparison, so that a power cut between costs it (E-6). */
  void check(byte[] array, short offset, short length) {
    byte left = (byte) (triesLeft - 1);
    if (left < 0) {
      ISOException.throwIt(Status.PIN_BLOCKED);
    }
    writeTries(left);
    if (!value.check(array, offset, (byte) length)) {
      ISOException.throwIt((short) (Status.PIN_WRONG | left));
    }
    writeTries(TRIES);
  }

  /** Replaces the PIN; the old one was checked. */
  void change(byte[] array, short offset, short length) {
    JCSystem.beginTransaction();
    value.update(array, offset, (byte) length);
    Counter.increment(stateCounter, (short) 0);
    JCSystem.commitTransaction();
  }

  private void writeTries(byte tries) {
    JCSystem.beginTransaction();
    triesLeft = tries;
    Counter.increment(stateCounter, (short) 0);
    JCSystem.commitTransaction();
  }
}
