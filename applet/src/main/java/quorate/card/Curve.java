package quorate.card;

import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.ECKey;

/** P-256: its parameters, and whether bytes are one of its points. Points are public: nothing here hides its time. */
final class Curve {
  static final short SCALAR = 32;
  static final short POINT = 65;

  private static final byte[] P = {
    -1, -1, -1, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  };
  private static final byte[] A = {
    -1, -1, -1, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -4,
  };
  private static final byte[] B = {
    0x5A, (byte) 0xC6, 0x35, (byte) 0xD8, (byte) 0xAA, 0x3A, (byte) 0x93, (byte) 0xE7,
    (byte) 0xB3, (byte) 0xEB, (byte) 0xBD, 0x55, 0x76, (byte) 0x98, (byte) 0x86, (byte) 0xBC,
    0x65, 0x1D, 0x06, (byte) 0xB0, (byte) 0xCC, 0x53, (byte) 0xB0, (byte) 0xF6,
    0x3B, (byte) 0xCE, 0x3C, 0x3E, 0x27, (byte) 0xD2, 0x60, 0x4B,
  };
  private static final byte[] G = {
    0x04,
    0x6B, 0x17, (byte) 0xD1, (byte) 0xF2, (byte) 0xE1, 0x2C, 0x42, 0x47,
    (byte) 0xF8, (byte) 0xBC, (byte) 0xE6, (byte) 0xE5, 0x63, (byte) 0xA4, 0x40, (byte) 0xF2,
    0x77, 0x03, 0x7D, (byte) 0x81, 0x2D, (byte) 0xEB, 0x33, (byte) 0xA0,
    (byte) 0xF4, (byte) 0xA1, 0x39, 0x45, (byte) 0xD8, (byte) 0x98, (byte) 0xC2, (byte) 0x96,
    0x4F, (byte) 0xE3, 0x42, (byte) 0xE2, (byte) 0xFE, 0x1A, 0x7F, (byte) 0x9B,
    (byte) 0x8E, (byte) 0xE7, (byte) 0xEB, 0x4A, 0x7C, 0x0F, (byte) 0x9E, 0x16,
    0x2B, (byte) 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, (byte) 0xCE,
    (byte) 0xCB, (byte) 0xB6, 0x40, 0x68, 0x37, (byte) 0xBF, 0x51, (byte) 0xF5,
  };
  private static final byte[] N = {
    -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1,
    (byte) 0xBC, (byte) 0xE6, (byte) 0xFA, (byte) 0xAD, (byte) 0xA7, 0x17, (byte) 0x9E, (byte) 0x84,
    (byte) 0xF3, (byte) 0xB9, (byte) 0xCA, (byte) 0xC2, (byte) 0xFC, 0x63, 0x25, 0x51,
  };

  private final byte[] left;
  private final byte[] right;

  Curve() {
    left = JCSystem.makeTransientByteArray(SCALAR, JCSystem.CLEAR_ON_DESELECT);
    right = JCSystem.makeTransientByteArray(SCALAR, JCSystem.CLEAR_ON_DESELECT);
  }

  static void setParameters(ECKey key) {
    key.setFieldFP(P, (short) 0, SCALAR);
    key.setA(A, (short) 0, SCALAR);
    key.setB(B, (short) 0, SCALAR);
    key.setG(G, (short) 0, POINT);
    key.setR(N, (short) 0, SCALAR);
    key.setK((short) 1);
  }

  /**
   * Whether 65 bytes are an uncompressed point. Checked here because the Java Card API leaves open when a key object
   * refuses a point, and whether it does.
   */
  boolean isPoint(byte[] array, short offset) {
    short x = (short) (offset + 1);
    short y = (short) (x + SCALAR);
    if (array[offset] != 0x04 || !isBelowP(array, x) || !isBelowP(array, y)) {
      return false;
    }
    // (x² − 3)·x + b, and a = −3
    multiply(left, array, x, array, x);
    add(left, A, (short) 0);
    Util.arrayCopyNonAtomic(left, (short) 0, right, (short) 0, SCALAR);
    multiply(left, right, (short) 0, array, x);
    add(left, B, (short) 0);
    multiply(right, array, y, array, y); // y²
    return Util.arrayCompare(left, (short) 0, right, (short) 0, SCALAR) == 0;
  }

  /** result = a·b mod p, bit by bit: slow and small, for the two commands that take a key. */
  private static void multiply(byte[] result, byte[] a, short aOffset, byte[] b, short bOffset) {
    Util.arrayFillNonAtomic(result, (short) 0, SCALAR, (byte) 0);
    for (short at = 0; at < SCALAR; at++) {
      for (short bit = 0x80; bit != 0; bit >>= 1) {
        add(result, result, (short) 0);
        if ((short) (b[(short) (bOffset + at)] & bit) != 0) {
          add(result, a, aOffset);
        }
      }
    }
  }

  /** sum = sum + other mod p, both below p. */
  private static void add(byte[] sum, byte[] other, short offset) {
    short carry = 0;
    for (short at = (short) (SCALAR - 1); at >= 0; at--) {
      carry += (short) ((sum[at] & 0xFF) + (other[(short) (offset + at)] & 0xFF));
      sum[at] = (byte) carry;
      carry = (short) (carry >> 8);
    }
    if (carry != 0 || !isBelowP(sum, (short) 0)) {
      subtractP(sum);
    }
  }

  private static void subtractP(byte[] number) {
    short borrow = 0;
    for (short at = (short) (SCALAR - 1); at >= 0; at--) {
      short difference = (short) ((number[at] & 0xFF) - (P[at] & 0xFF) - borrow);
      number[at] = (byte) difference;
      borrow = (short) (difference < 0 ? 1 : 0);
    }
  }

  private static boolean isBelowP(byte[] array, short offset) {
    for (short at = 0; at < SCALAR; at++) {
      short digit = (short) (array[(short) (offset + at)] & 0xFF);
      short limit = (short) (P[at] & 0xFF);
      if (digit != limit) {
        return digit < limit;
      }
    }
    return false;
  }
}
