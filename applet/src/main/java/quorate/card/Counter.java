package quorate.card;

import javacard.framework.ISOException;

/** Numbers of 4 bytes, big-endian, that only go up. */
final class Counter {
  static final short LENGTH = 4;

  private Counter() {}

  /** Adds one. A number that is at its end stops the command: it never starts again at zero. */
  static void increment(byte[] array, short offset) {
    short at = (short) (offset + LENGTH - 1);
    while (at > offset && array[at] == (byte) 0xFF) {
      at--;
    }
    if (array[at] == (byte) 0xFF) {
      ISOException.throwIt(Status.FAILURE);
    }
    array[at]++;
    for (at++; at < (short) (offset + LENGTH); at++) {
      array[at] = 0;
    }
  }
}
