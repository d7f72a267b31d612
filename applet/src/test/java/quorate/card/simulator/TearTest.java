package quorate.card.simulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.KeyPair;
import java.util.Arrays;
import java.util.Random;
import javacard.framework.Applet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * The power goes before every write of the applet and before every call of the platform that it makes, one after the
 * other; then it comes back. Whatever is found is the old state or the new one.
 */
class TearTest {
  private static final Class<? extends Applet> APPLET = TearingLoader.load();
  private static final byte[] WRONG = Host.ascii("000000");
  private static final byte[] NEW_PIN = Host.ascii("16180339");

  private final Random random = new Random(4);

  /** A card with one record, which is as it was as often as it is wanted. */
  private final class Ready {
    final Host host = Host.ready(new SimulatedCard(APPLET), random);
    final Host.Stored record = host.store();
    private final KeyPair authority = host.authority;
    private final PersistentMemory memory = host.card.runtime().takePicture();

    Host again() {
      host.card.reset();
      memory.restore();
      host.authority = authority;
      host.powerUp();
      host.command(0x20, Host.PIN).orThrow();
      return host;
    }
  }

  /** A torn command on its card, and the conditions that must hold after it. */
  private interface Case {
    Host prepare();

    byte[] command(Host host);

    void check(Host host, Host.Info before);
  }

  /** Tears at each place until the command runs to its end; gives the number of places. */
  private int tearEverywhere(Case torn) {
    for (int place = 1; ; place++) {
      Host host = torn.prepare();
      byte[] command = torn.command(host);
      Host.Info before = host.info();
      Tear.arm(host.card, place);
      Host.Answer answer = host.send(command);
      Tear.disarm();
      if (host.card.runtime().hasPower()) {
        assertNotEquals(-1, answer.status());
        return place - 1;
      }
      assertEquals(-1, answer.status());
      host.powerUp();
      torn.check(host, before);
    }
  }

  @Test
  @DisplayName("E-7: PERSONALISE, torn anywhere, is done or not begun, and can be done then")
  void personalise() {
    int places =
        tearEverywhere(
            new Case() {
              @Override
              public Host prepare() {
                Host host = new Host(new SimulatedCard(APPLET), random);
                host.powerUp();
                return host;
              }

              @Override
              public byte[] command(Host host) {
                return Host.apdu(0x06, host.authorityBytes(), Host.PIN);
              }

              @Override
              public void check(Host host, Host.Info before) {
                if (host.info().flags() == 0x80) {
                  assertEquals(before, host.info());
                  assertEquals(0x6985, host.command(0x04).status());
                  host.send(command(host)).orThrow();
                }
                assertEquals(1, host.info().counter());
                host.command(0x20, Host.PIN).orThrow();
                byte[] cplc = host.send(SimulatedCard.hex("80CA9F7F")).orThrow().data();
                assertTrue(host.proves(Arrays.copyOfRange(cplc, 3, 45)));
                Host.Stored record = host.store();
                host.send(host.access(0x12, record)).orThrow();
              }
            });
    assertTrue(places > 20, "places: " + places);
  }

  @Test
  @DisplayName("E-6: VERIFY, torn anywhere, costs a try from its first write on, with the right PIN and a wrong one")
  void verify() {
    for (byte[] pin : new byte[][] {Host.PIN, WRONG}) {
      int places =
          tearEverywhere(
              new PinCase(Host.apdu(0x20, pin)) {
                @Override
                void checkPin(Host host, Host.Info before, int writes) {
                  boolean isTaken = writes == 1 || (writes == 2 && pin == Host.PIN);
                  assertTrue(writes == 0 || isTaken);
                  assertEquals(writes == 1 ? 2 : 3, host.info().tries());
                  host.command(0x20, Host.PIN).orThrow();
                }
              });
      assertTrue(places > 15, "places: " + places);
    }
  }

  @Test
  @DisplayName("E-6: CHANGE PIN, torn anywhere, costs a try and leaves exactly one of the two PINs")
  void changePin() {
    int places =
        tearEverywhere(
            new PinCase(Host.apdu(0x24, new byte[] {6}, Host.PIN, NEW_PIN)) {
              @Override
              void checkPin(Host host, Host.Info before, int writes) {
                assertEquals(writes == 1 ? 2 : 3, host.info().tries());
                boolean isChanged = writes == 3;
                int refused = host.command(0x20, isChanged ? Host.PIN : NEW_PIN).status();
                assertEquals(0x63C0, refused & 0xFFF0);
                host.command(0x20, isChanged ? NEW_PIN : Host.PIN).orThrow();
              }
            });
    assertTrue(places > 20, "places: " + places);
  }

  @Test
  @DisplayName("Z-1, E-7: PERSONALISE with a PUK, torn anywhere, sets PIN and PUK or neither")
  void personaliseWithPuk() {
    int places =
        tearEverywhere(
            new Case() {
              @Override
              public Host prepare() {
                Host host = new Host(new SimulatedCard(APPLET), random);
                host.powerUp();
                return host;
              }

              @Override
              public byte[] command(Host host) {
                return host.personalisation();
              }

              @Override
              public void check(Host host, Host.Info before) {
                if (host.info().flags() == 0x80) {
                  assertEquals(before, host.info());
                  assertEquals(0x6D00, host.command(0x2C, host.bytes(80)).status());
                  host.send(command(host)).orThrow();
                }
                assertEquals(1, host.info().counter());
                assertEquals(10, host.info().pukTries());
                host.command(0x20, Host.PIN).orThrow();
                host.block();
                host.send(host.unblocking(Host.PUK, NEW_PIN)).orThrow();
                host.command(0x20, NEW_PIN).orThrow();
              }
            });
    assertTrue(places > 20, "places: " + places);
  }

  @Test
  @DisplayName("Z-1, E-7: a PERSONALISE with a PUK that was torn leaves no PUK behind for one without")
  void personaliseWithoutPukAfterATear() {
    for (int place = 1; ; place++) {
      Host host = new Host(new SimulatedCard(APPLET), random);
      host.powerUp();
      Tear.arm(host.card, place);
      host.send(host.personalisation());
      Tear.disarm();
      if (host.card.runtime().hasPower()) {
        return;
      }
      host.powerUp();
      if (host.info().flags() == 0x80) {
        host.command(0x06, host.authorityBytes(), Host.PIN).orThrow();
        assertEquals(-1, host.info().pukTries());
        assertEquals(0x6D00, host.command(0x2C, host.bytes(80)).status());
        host.command(0x20, Host.PIN).orThrow();
      }
    }
  }

  @Test
  @DisplayName("Z-1, E-6: UNBLOCK, torn anywhere, costs a try of the PUK from its first write on, and leaves one PIN or the other")
  void unblock() {
    for (byte[] puk : new byte[][] {Host.PUK, Host.ascii("00000000")}) {
      Host ready = Host.readyWithPuk(new SimulatedCard(APPLET), random);
      ready.block();
      PersistentMemory memory = ready.card.runtime().takePicture();
      int places =
          tearEverywhere(
              new Case() {
                @Override
                public Host prepare() {
                  ready.card.reset();
                  memory.restore();
                  ready.powerUp();
                  return ready;
                }

                @Override
                public byte[] command(Host host) {
                  return host.unblocking(puk, NEW_PIN);
                }

                @Override
                public void check(Host host, Host.Info before) {
                  int writes = host.info().counter() - before.counter();
                  boolean isDone = writes == 2 && puk == Host.PUK;
                  assertTrue(writes == 0 || writes == 1 || isDone);
                  assertEquals(writes == 1 ? 9 : 10, host.info().pukTries());
                  assertEquals(isDone ? 3 : 0, host.info().tries());
                  assertEquals(0x6982, host.command(0x08, host.bytes(171)).status());
                  if (!isDone) {
                    assertEquals(0x6983, host.command(0x20, Host.PIN).status());
                    host.send(host.unblocking(Host.PUK, NEW_PIN)).orThrow();
                  }
                  assertEquals(0x63C2, host.command(0x20, Host.PIN).status());
                  host.command(0x20, NEW_PIN).orThrow();
                }
              });
      assertTrue(places > 20, "places: " + places);
    }
  }

  private abstract class PinCase implements Case {
    private final Ready ready = new Ready();
    private final byte[] command;

    PinCase(byte[] command) {
      this.command = command;
    }

    @Override
    public Host prepare() {
      return ready.again();
    }

    @Override
    public byte[] command(Host host) {
      return command;
    }

    @Override
    public void check(Host host, Host.Info before) {
      int writes = host.info().counter() - before.counter();
      assertTrue(writes >= 0 && writes <= 3);
      assertEquals(0x6982, host.command(0x08, host.bytes(171)).status());
      checkPin(host, before, writes);
    }

    abstract void checkPin(Host host, Host.Info before, int writes);
  }

  @Test
  @DisplayName("E-7: STORE, torn anywhere, leaves a whole record or none")
  void store() {
    Host.Stored[] next = {null};
    int places =
        tearEverywhere(
            new RecordCase() {
              @Override
              public byte[] command(Host host) {
                next[0] = new Host.Stored(host.bytes(32), host.bytes(20), host.bytes(32));
                return Host.apdu(0x10, next[0].id(), next[0].address(), next[0].secret());
              }

              @Override
              void checkRecord(Host host, Host.Info before, int writes) {
                assertEquals(before.used() + writes, host.info().used());
                if (writes == 0) {
                  assertEquals(0x6A88, host.send(host.access(0x12, next[0])).status());
                  host.command(0x10, next[0].id(), next[0].address(), next[0].secret()).orThrow();
                }
                assertReleases(host, next[0], 1);
                assertReleases(host, record(), 1);
              }
            });
    assertTrue(places > 20, "places: " + places);
  }

  @Test
  @DisplayName("E-1: READ, torn anywhere, has counted the release or not begun it, and never answered uncounted")
  void read() {
    int places =
        tearEverywhere(
            new RecordCase() {
              @Override
              public byte[] command(Host host) {
                return host.access(0x12, record());
              }

              @Override
              void checkRecord(Host host, Host.Info before, int writes) {
                assertReleases(host, record(), writes + 1);
              }
            });
    assertTrue(places > 20, "places: " + places);
  }

  @Test
  @DisplayName("E-7: DELETE, torn anywhere, leaves the whole record or nothing of it")
  void delete() {
    int places =
        tearEverywhere(
            new RecordCase() {
              @Override
              public byte[] command(Host host) {
                return host.access(0x14, record());
              }

              @Override
              void checkRecord(Host host, Host.Info before, int writes) {
                assertEquals(before.used() - writes, host.info().used());
                if (writes == 0) {
                  assertReleases(host, record(), 1);
                } else {
                  assertEquals(0x6A88, host.send(host.access(0x12, record())).status());
                  assertTrue(!Memory.holds(host.card, record().address()));
                }
              }
            });
    assertTrue(places > 20, "places: " + places);
  }

  @Test
  @DisplayName("E-7: ROTATE, torn anywhere, leaves exactly one of the two authorisation keys")
  void rotate() {
    KeyPair[] keys = {null, null};
    int places =
        tearEverywhere(
            new RecordCase() {
              @Override
              public byte[] command(Host host) {
                keys[0] = host.authority;
                keys[1] = Host.makeKeyPair();
                return host.rotation(keys[1]);
              }

              @Override
              void checkRecord(Host host, Host.Info before, int writes) {
                assertEquals(writes == 0, before.fingerprint().equals(host.info().fingerprint()));
                host.authority = keys[1 - writes];
                assertEquals(0x6300, host.send(host.access(0x12, record())).status());
                host.authority = keys[writes];
                assertReleases(host, record(), 1);
              }
            });
    assertTrue(places > 20, "places: " + places);
  }

  private abstract class RecordCase implements Case {
    private final Ready ready = new Ready();

    Host.Stored record() {
      return ready.record;
    }

    @Override
    public Host prepare() {
      return ready.again();
    }

    @Override
    public void check(Host host, Host.Info before) {
      int writes = host.info().counter() - before.counter();
      assertTrue(writes == 0 || writes == 1);
      host.command(0x20, Host.PIN).orThrow();
      checkRecord(host, before, writes);
    }

    abstract void checkRecord(Host host, Host.Info before, int writes);
  }

  private static void assertReleases(Host host, Host.Stored record, int count) {
    byte[] data = host.send(host.access(0x12, record)).orThrow().data();
    assertArrayEquals(record.secret(), Arrays.copyOf(data, 32));
    assertArrayEquals(new byte[] {0, 0, 0, (byte) count}, Arrays.copyOfRange(data, 32, 36));
  }
}
