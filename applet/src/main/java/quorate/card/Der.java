package quorate.card;

/** The form of a DER signature, strict: one signature, one spelling. */
final class Der {
  private Der() {}

  /** Whether the bytes are a sequence of two minimal natural numbers of at most 256 bits, and nothing else. */
  static boolean isSignature(byte[] array, short offset, short length) {
    if (array[offset] != (byte) 0x30 || array[(short) (offset + 1)] != (byte) (length - 2)) {
      return false;
    }
    short end = (short) (offset + length);
    short second = endOfInteger(array, (short) (offset + 2), end);
    return second > 0 && endOfInteger(array, second, end) == end;
  }

  /** Where the integer ends, or −1 when there is none. */
  private static short endOfInteger(byte[] array, short at, short end) {
    if ((short) (at + 3) > end || array[at] != (byte) 0x02) {
      return (short) -1;
    }
    short length = (short) (array[(short) (at + 1)] & 0xFF);
    short first = (short) (at + 2);
    short next = (short) (first + length);
    if (length == 0 || next > end || array[first] < 0) {
      return (short) -1;
    }
    if (array[first] == 0 && length > 1) {
      return length <= 33 && array[(short) (first + 1)] < 0 ? next : (short) -1;
    }
    return length <= 32 ? next : (short) -1;
  }
}
