package quorate.card;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECFieldFp;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import javacard.framework.ISOException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import quorate.card.simulator.Host;

class PrimitivesTest {
  private final Curve curve = new Curve();

  private boolean isPoint(byte[] bytes) {
    byte[] shifted = new byte[70];
    System.arraycopy(bytes, 0, shifted, 3, 65);
    return curve.isPoint(shifted, (short) 3);
  }

  @Test
  @DisplayName("the curve check takes points of P-256 and no neighbour of one")
  void points() {
    Random random = new Random(1);
    for (int run = 0; run < 20; run++) {
      byte[] point = Host.encode((ECPublicKey) Host.makeKeyPair().getPublic());
      assertTrue(isPoint(point));
      for (int change = 0; change < 3; change++) {
        byte[] other = point.clone();
        other[random.nextInt(65)] ^= (byte) (1 << random.nextInt(8));
        assertFalse(isPoint(other), HexFormat.of().formatHex(other));
      }
    }
    assertFalse(isPoint(new byte[65]));
  }

  @Test
  @DisplayName("the curve check refuses coordinates that are not below p, although they are the point modulo p")
  void reduced() {
    ECPublicKey any = (ECPublicKey) Host.makeKeyPair().getPublic();
    BigInteger p = ((ECFieldFp) any.getParams().getCurve().getField()).getP();
    BigInteger b = any.getParams().getCurve().getB();
    // x = 0 has the point y² = b, and its x can also be written as p.
    BigInteger y = b.modPow(p.add(BigInteger.ONE).shiftRight(2), p);
    byte[] point = new byte[65];
    point[0] = 4;
    Host.put(point, 65, y);
    assertTrue(isPoint(point));
    Host.put(point, 33, p);
    assertFalse(isPoint(point));
    assertFalse(isPoint(hex("02", "00".repeat(64))));
  }

  @Test
  @DisplayName("DER is taken in one spelling only")
  void der() {
    String r = "0220" + "11".repeat(32);
    String padded = "022100" + "81".repeat(32);
    assertTrue(isDer("3044", r, r));
    assertTrue(isDer("3045", r, padded));
    assertTrue(isDer("3046", padded, padded));
    assertTrue(isDer("3006", "020101", "020101"));
    assertTrue(isDer("3006", "020100", "020100"));
    for (String[] wrong :
        new String[][] {
          {"3045", r, r}, {"3043", r, r}, {"3144", r, r}, {"3044", r, r, "00"},
          {"308144", r, r}, {"3008", "0200", "020411111111"}, {"3006", "030101", "020101"},
          {"3006", "020181", "020101"}, {"3007", "02020001", "020101"},
          {"3045", r, "0221" + "11".repeat(33)}, {"3007", "020201", "020101"},
          {"3006", "020101", "020201"}, {"3006", "0204", "01020101"}, {"3000", "02010102", "0101"},
          {"3046", r, "022200" + "81".repeat(33)}, {"3006", "020301", "020101"},
        }) {
      assertFalse(isDer(wrong), String.join(" ", wrong));
    }
  }

  private static boolean isDer(String... parts) {
    byte[] bytes = hex(parts);
    byte[] shifted = new byte[bytes.length + 80];
    System.arraycopy(bytes, 0, shifted, 5, bytes.length);
    return Der.isSignature(shifted, (short) 5, (short) bytes.length);
  }

  private static byte[] hex(String... parts) {
    return HexFormat.of().parseHex(String.join("", parts));
  }

  @Test
  @DisplayName("a counter carries, touches no neighbour, and stops at its end instead of starting again")
  void counter() {
    byte[] array = hex("aa", "00fffffe", "bb");
    for (String next : new String[] {"00ffffff", "01000000", "01000001"}) {
      Counter.increment(array, (short) 1);
      assertArrayEquals(hex("aa", next, "bb"), array);
    }
    byte[] full = hex("ffffffff");
    ISOException end = assertThrows(ISOException.class, () -> Counter.increment(full, (short) 0));
    assertEquals(Status.FAILURE, end.getReason());
    assertArrayEquals(hex("ffffffff"), full);
  }

  @Test
  @DisplayName("E-10: the list of the last 32 agrees with a plain list under any order of adding and taking out")
  void recent() {
    Random random = new Random(2);
    RecentList list = new RecentList((short) 16);
    java.util.ArrayList<byte[]> model = new java.util.ArrayList<>();
    for (int step = 0; step < 3000; step++) {
      byte[] value = new byte[16];
      random.nextBytes(value);
      if (!model.isEmpty() && random.nextInt(5) < 2) {
        value = model.remove(random.nextInt(model.size()));
        assertTrue(list.remove(value, (short) 0));
        assertFalse(list.remove(value, (short) 0));
      } else {
        byte[] near = value.clone();
        near[random.nextInt(16)] ^= (byte) (1 << random.nextInt(8));
        list.add(value, (short) 0);
        model.add(value);
        if (model.size() > 32) {
          assertFalse(list.contains(model.remove(0), (short) 0));
        }
        assertFalse(list.contains(near, (short) 0));
      }
      assertTrue(model.stream().allMatch(known -> list.contains(known, (short) 0)));
    }
    assertFalse(Arrays.equals(new byte[16], model.get(0)));
  }
}
