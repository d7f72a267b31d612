package quorate.card.simulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** Tens of thousands of APDUs against a card whose state is known. */
class FuzzTest {
  private static final int ROUNDS = 30_000;
  private static final int[] INSTRUCTIONS = {
    0x02, 0x04, 0x06, 0x07, 0x08, 0x09, 0x10, 0x12, 0x14, 0x2C, 0x84, 0xA4, 0xCA, 0x00, 0xC0, 0xFF,
  };
  private static final int[] LENGTHS = {
    0, 1, 4, 9, 16, 32, 38, 69, 71, 78, 81, 84, 98, 122, 89, 131, 132, 140, 153, 171, 200, 204, 205, 254, 255,
  };

  private long seed;
  private Random random;
  private Host host;
  private int writesOfVerify;
  /** Records with the number of releases that the card must have counted. */
  private final List<Known> records = new ArrayList<>();

  private static final class Known {
    final Host.Stored stored;
    int releases;

    Known(Host.Stored stored) {
      this.stored = stored;
    }
  }

  @BeforeEach
  void make() {
    seed = new Random().nextLong();
    random = new Random(seed);
    host = Host.readyWithPuk(new SimulatedCard(), random);
    for (int at = 0; at < 3; at++) {
      records.add(new Known(host.store()));
    }
  }

  @AfterEach
  void tellSeed(TestInfo test) {
    System.err.println(test.getDisplayName() + ": seed " + seed);
  }

  @Test
  @DisplayName("E-7: random, nearly right and damaged APDUs get documented status words, change nothing and tell no secret")
  void hostile() {
    byte[] session = host.session();
    Host.Info before = host.info();
    for (int round = 0; round < ROUNDS; round++) {
      byte[] apdu = next(session);
      Host.Answer answer = host.send(apdu);
      String what = "seed " + seed + ", " + HexFormat.of().formatHex(apdu);
      assertTrue(isDocumented(answer.status()), what + ": " + Integer.toHexString(answer.status()));
      assertTellsNothing(answer.data(), what);
      if (round % 500 == 0) {
        host.send(Host.SELECT).orThrow();
        session = verify();
        before = assertUnchanged(before);
      }
    }
    host.send(Host.SELECT).orThrow();
    verify();
    assertUnchanged(before);
    records.forEach(this::assertReleases);
  }

  /** Verifies the PIN, which is two writes, and gives a new session. */
  private byte[] verify() {
    host.command(0x20, Host.PIN).orThrow();
    writesOfVerify += 2;
    return host.session();
  }

  /** Nothing was written but VERIFY's tries and records that hostile STOREs added. */
  private Host.Info assertUnchanged(Host.Info before) {
    Host.Info now = host.info();
    int added = now.used() - before.used();
    assertTrue(added >= 0);
    assertEquals(before.counter() + writesOfVerify + added, now.counter(), "seed " + seed);
    assertEquals(before.fingerprint(), now.fingerprint());
    assertEquals(3, now.tries());
    assertEquals(before.flags(), now.flags());
    writesOfVerify = 0;
    return now;
  }

  private byte[] next(byte[] session) {
    return switch (random.nextInt(40)) {
      case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 -> notPin(host.bytes(random.nextInt(300)));
      case 10 -> host.command(0x02).status() == 0x9000 ? damagedAccess(session) : Host.SELECT;
      default -> nearlyRight();
    };
  }

  private byte[] nearlyRight() {
    int cla = pick(0x80, 0x80, 0x80, 0x80, 0x00, 0x84, 0x81, random.nextInt(256));
    int ins = pick(INSTRUCTIONS);
    int first = pick(0, 0, 0, 0, 1, 4, 0x9F, random.nextInt(256));
    int second = pick(0, 0, 0, 0, 0x7F, random.nextInt(256));
    byte[] data = host.bytes(pick(LENGTHS));
    boolean isExtended = random.nextBoolean();
    byte[] length = {(byte) data.length};
    if (isExtended) {
      length = new byte[] {0, (byte) (data.length >> 8), (byte) data.length};
    }
    byte[] le = host.bytes(pick(0, 0, 1, 2));
    byte[] head = {(byte) cla, (byte) ins, (byte) first, (byte) second};
    return Host.join(head, data.length == 0 ? new byte[0] : length, data, le);
  }

  /** An authorised READ or DELETE in which one byte is another, or bytes are missing or too many. */
  private byte[] damagedAccess(byte[] session) {
    Host.Stored record = records.get(random.nextInt(records.size())).stored;
    byte[] apdu = host.access(pick(0x12, 0x14), record, session);
    int length = apdu.length - 5;
    if (random.nextInt(4) == 0) {
      byte[] other = Arrays.copyOf(apdu, apdu.length + pick(-1, 1, -8));
      other[4] = (byte) (other.length - 5);
      return other;
    }
    apdu[5 + random.nextInt(length)] ^= (byte) (1 + random.nextInt(255));
    return apdu;
  }

  private static byte[] notPin(byte[] apdu) {
    if (apdu.length > 1 && (apdu[1] == 0x20 || apdu[1] == 0x24)) {
      apdu[1] = 0x12;
    }
    return apdu;
  }

  private int pick(int... choices) {
    return choices[random.nextInt(choices.length)];
  }

  private static boolean isDocumented(int status) {
    return switch (status) {
      case 0x9000, 0x6300, 0x6700, 0x6982, 0x6984, 0x6985, 0x6A80, 0x6A82, 0x6A84, 0x6A86, 0x6A88,
          0x6A89, 0x6D00, 0x6E00 -> true;
      default -> (status & 0xFF00) == 0x6C00 && (status & 0xFF) <= 72 && (status & 0xFF) > 0;
    };
  }

  private void assertTellsNothing(byte[] data, String what) {
    for (Known record : records) {
      byte[] secret = record.stored.secret();
      for (int at = 0; at + 8 <= data.length; at++) {
        assertFalse(Arrays.equals(data, at, at + 8, secret, 0, 8), what);
      }
    }
  }

  private void assertReleases(Known record) {
    byte[] data = host.send(host.access(0x12, record.stored)).orThrow().data();
    record.releases++;
    assertArrayEquals(record.stored.secret(), Arrays.copyOf(data, 32));
    byte[] count = {0, 0, (byte) (record.releases >> 8), (byte) record.releases};
    assertArrayEquals(count, Arrays.copyOfRange(data, 32, 36));
  }

  @Test
  @DisplayName("a card agrees with a model of it in hundreds of right, repeated and stale commands with resets between")
  void model() {
    byte[] session = host.session();
    byte[] spent = host.access(0x12, records.get(0).stored, session);
    host.send(spent).orThrow();
    records.get(0).releases++;
    for (int round = 0; round < 300; round++) {
      Known record = records.isEmpty() ? null : records.get(random.nextInt(records.size()));
      switch (random.nextInt(record == null ? 1 : 7)) {
        case 0 -> {
          if (records.size() < 8) {
            records.add(new Known(host.store()));
          }
        }
        case 1, 2 -> assertReleases(record);
        case 3 -> {
          host.send(host.access(0x14, record.stored)).orThrow();
          records.remove(record);
          assertEquals(0x6A88, host.send(host.access(0x12, record.stored)).status());
        }
        case 4 -> assertEquals(0x6984, host.send(spent).status());
        case 5 -> {
          byte[] stale = host.access(0x12, record.stored, session);
          host.powerUp();
          host.command(0x20, Host.PIN).orThrow();
          assertEquals(0x6984, host.send(stale).status());
          session = host.session();
        }
        default -> {
          byte[] again = Host.apdu(0x10, record.stored.id(), host.bytes(52));
          assertEquals(0x6A89, host.send(again).status());
        }
      }
      assertEquals(records.size(), host.info().used(), "seed " + seed);
    }
    records.forEach(this::assertReleases);
  }

  @Test
  @DisplayName("E-6: random PIN commands never verify, and block the card after three wrong PINs")
  void pins() {
    int wrong = 0;
    for (int round = 0; round < 3000; round++) {
      int length = random.nextInt(40);
      byte[] apdu = Host.apdu(pick(0x20, 0x24), host.bytes(length));
      if (apdu.length > 5 && apdu[1] == 0x24) {
        apdu[5] = (byte) random.nextInt(20);
      }
      int status = host.send(apdu).status();
      boolean isWrong = (status & 0xFFF0) == 0x63C0;
      assertTrue(isWrong || status == 0x6700 || status == 0x6983, Integer.toHexString(status));
      wrong += isWrong ? 1 : 0;
    }
    assertEquals(3, wrong);
    assertEquals(0x6983, host.command(0x20, Host.PIN).status());
  }
}
