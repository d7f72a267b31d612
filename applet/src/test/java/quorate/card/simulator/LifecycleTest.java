package quorate.card.simulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.licel.jcardsim.crypto.ByteContainer;
import com.licel.jcardsim.crypto.ECPrivateKeyImpl;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.Random;
import javacard.framework.ISOException;
import javacard.framework.OwnerPIN;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import quorate.card.QuorateApplet;

/** Tests beyond the compliance suite of APDU bytes: installation, the platform's ways, the state counter. */
class LifecycleTest {
  private static final String[] CONTACTLESS = {
    "T=CL,TYPE_A,T0", "T=CL,TYPE_A,T1", "T=CL,TYPE_B,T0", "T=CL,TYPE_B,T1",
  };
  private static final byte[] CPLC = SimulatedCard.hex("80CA9F7F");
  private SimulatedCard card;
  private Host host;

  @BeforeEach
  void make() {
    card = new SimulatedCard();
    host = Host.ready(card, new Random(3));
  }

  @Test
  @DisplayName("the CPLC given at installation is what the card answers and what REGISTER signs")
  void registers() {
    byte[] selected = host.send(CPLC).orThrow().data();
    card.reset();
    assertArrayEquals(host.send(CPLC).orThrow().data(), selected);
    host.powerUp();
    host.command(0x20, Host.PIN).orThrow();
    assertTrue(host.proves(Arrays.copyOfRange(selected, 3, 45)));
  }

  @Test
  @DisplayName("the applet is not installed without a CPLC of 42 bytes and flags")
  void refusesInstallation() {
    byte[] good = SimulatedCard.installParameters(new byte[42], 0);
    for (int length : new int[] {0, 1, 41, 43}) {
      byte[] parameters = SimulatedCard.installParameters(new byte[length], 0);
      ISOException refused =
          assertThrows(
              ISOException.class,
              () -> QuorateApplet.install(parameters, (short) 0, (byte) parameters.length));
      assertEquals((short) 0x6A80, refused.getReason());
    }
    assertEquals(43, good[1 + SimulatedCard.AID.length + 1]);
  }

  @Test
  @DisplayName("GET INFO says that jCardSim is a program, since the card server installs the applet so")
  void flags() {
    assertEquals(0x81, host.info().flags());
  }

  @Test
  @DisplayName("a part of the AID does not select, and takes selection and PIN away when the platform thinks it does")
  void partialAid() {
    for (int length = 1; length < 9; length++) {
      byte[] part = Arrays.copyOf(SimulatedCard.AID, length);
      byte[] head = {0, (byte) 0xA4, 4, 0, (byte) length};
      assertEquals(0x6A82, host.send(Host.join(head, part)).status());
      assertEquals(0x6D00, host.command(0x02).status());
      host.send(Host.SELECT).orThrow();
      assertEquals(0x6982, host.command(0x08, host.bytes(171)).status());
    }
  }

  @Test
  @DisplayName("SELECT with parameters that the platform takes as its own is refused")
  void parameters() {
    for (int second : new int[] {0x04, 0x0C, 0x10, 0x01, 0x02}) {
      byte[] select = Host.SELECT.clone();
      select[3] = (byte) second;
      assertEquals(0x6A86, host.send(select).status());
      card.reset();
    }
  }

  @Test
  @DisplayName("every write raises the state counter by one, and nothing else does")
  void stateCounter() {
    int start = host.info().counter();
    assertEquals(3, start); // PERSONALISE, and VERIFY's try taken and given back
    Host.Stored record = host.store();
    assertEquals(start + 1, host.info().counter());
    host.session();
    host.command(0x84).orThrow();
    assertEquals(start + 1, host.info().counter());
    host.send(host.access(0x12, record)).orThrow();
    assertEquals(start + 2, host.info().counter());
    byte[] forged = host.access(0x12, record);
    forged[forged.length - 1] ^= 1;
    assertEquals(0x6300, host.send(forged).status());
    assertEquals(start + 2, host.info().counter());
    assertEquals(0x63C2, host.command(0x20, Host.ascii("000000")).status());
    assertEquals(start + 3, host.info().counter());
    host.command(0x24, new byte[] {6}, Host.PIN, Host.ascii("161803")).orThrow();
    assertEquals(start + 6, host.info().counter());
    host.send(host.access(0x14, record)).orThrow();
    assertEquals(start + 7, host.info().counter());
  }

  @Test
  @DisplayName("E-6: the tries that the applet counts run out before those of the platform's OwnerPIN")
  void platformTries() {
    OwnerPIN platform = Memory.find(card, OwnerPIN.class).get(0);
    for (int round = 0; round < 5; round++) {
      for (int cut = 1; cut <= 2; cut++) {
        card.resetAndCutAfterWrite(cut);
        host.send(Host.SELECT).orThrow();
        host.command(0x20, Host.PIN);
        host.powerUp();
        assertTrue(host.info().tries() <= platform.getTriesRemaining());
      }
      host.command(0x20, Host.PIN).orThrow();
    }
    for (int left = 2; left >= 0; left--) {
      assertEquals(0x63C0 | left, host.command(0x20, Host.ascii("000000")).status());
      assertTrue(left <= platform.getTriesRemaining());
    }
    assertEquals(0x6983, host.command(0x20, Host.PIN).status());
  }

  @Test
  @DisplayName("Z-1, E-6: the tries of the PUK run out before those of the platform's OwnerPIN")
  void platformTriesOfPuk() {
    SimulatedCard blank = new SimulatedCard();
    Host next = Host.readyWithPuk(blank, new Random(6));
    OwnerPIN platform =
        Memory.find(blank, OwnerPIN.class).stream()
            .filter(pin -> pin.getTriesRemaining() == 10)
            .findFirst()
            .orElseThrow();
    next.block();
    for (int round = 0; round < 3; round++) {
      blank.resetAndCutAfterWrite(1);
      next.send(Host.SELECT).orThrow();
      next.send(next.unblocking(Host.PUK, Host.PIN));
      next.powerUp();
      assertTrue(next.info().pukTries() <= platform.getTriesRemaining());
    }
    next.send(next.unblocking(Host.PUK, Host.PIN)).orThrow();
    assertEquals(10, next.info().pukTries());
    assertEquals(10, platform.getTriesRemaining());
    next.block();
    for (int left = 9; left >= 0; left--) {
      byte[] wrong = next.unblocking(Host.ascii("00000000"), Host.PIN);
      assertEquals(0x63C0 | left, next.send(wrong).status());
      assertTrue(left <= platform.getTriesRemaining());
    }
    assertEquals(0x6983, next.send(next.unblocking(Host.PUK, Host.PIN)).status());
  }

  @Test
  @DisplayName("Z-1: over a contactless interface no PIN and no PUK is taken, and no try is lost")
  void contactOnly() {
    SimulatedCard blank = new SimulatedCard();
    Host next = new Host(blank, new Random(7));
    for (String protocol : CONTACTLESS) {
      blank.use(protocol);
      next.powerUp();
      assertEquals(0x6A81, next.send(next.personalisation()).status());
      assertEquals(0x6A81, next.command(0x06, next.authorityBytes(), Host.PIN).status());
      assertEquals(0x6D00, next.command(0x2C, next.bytes(80)).status());
    }
    blank.use("T=1");
    next.powerUp();
    next.send(next.personalisation()).orThrow();
    next.block();
    byte[] unblocking = next.unblocking(Host.PUK, Host.PIN);
    Host.Info before = next.info();
    for (String protocol : CONTACTLESS) {
      blank.use(protocol);
      next.powerUp();
      assertEquals(0x6A81, next.send(next.unblocking(Host.PUK, Host.PIN)).status());
      assertEquals(0x6A81, next.command(0x20, Host.PIN).status());
      assertEquals(0x6A81, next.command(0x20).status(), "before its length");
      byte[] other = unblocking.clone();
      other[2] = 1;
      assertEquals(0x6A81, next.send(other).status(), "before its parameters");
      assertEquals(0x6A81, next.command(0x24, new byte[] {6}, Host.PIN, Host.PIN).status());
      assertEquals(0x6982, next.command(0x08, next.bytes(171)).status());
      assertEquals(before, next.info());
    }
    blank.use("T=1");
    next.powerUp();
    next.send(next.unblocking(Host.PUK, Host.PIN)).orThrow();
    next.command(0x20, Host.PIN).orThrow();
  }

  @Test
  @DisplayName("Z-1: an applet that is installed with the flag takes PINs over every interface, and says so")
  void contactless() {
    for (String protocol : CONTACTLESS) {
      SimulatedCard blank = new SimulatedCard(QuorateApplet.class, 0xC0);
      blank.use(protocol);
      blank.reset();
      Host next = Host.readyWithPuk(blank, new Random(8));
      assertEquals(0x80 | 0x40 | 10 << 2 | 3, next.info().flags());
      next.block();
      next.send(next.unblocking(Host.PUK, Host.PIN)).orThrow();
      next.command(0x20, Host.PIN).orThrow();
      next.command(0x24, new byte[] {6}, Host.PIN, Host.PIN).orThrow();
    }
  }

  @Test
  @DisplayName("of the flags at installation only those that have a meaning are taken over")
  void installationFlags() {
    Host next = new Host(new SimulatedCard(QuorateApplet.class, 0x3F), new Random(9));
    next.powerUp();
    assertEquals(0, next.info().flags());
  }

  @Test
  @DisplayName("E-7: no array outside of key and PIN objects holds PIN or secret in clear, neither after a command nor without power")
  void secretsInMemory() {
    Host.Stored record = host.store();
    assertNowhere(record.secret());
    host.command(0x20, Host.PIN).orThrow();
    assertNowhere(Host.PIN);
    byte[] read = host.access(0x12, record);
    assertArrayEquals(record.secret(), Arrays.copyOf(host.send(read).orThrow().data(), 32));
    assertNowhere(record.secret());
    host.command(0x24, new byte[] {6}, Host.PIN, Host.ascii("161803")).orThrow();
    assertNowhere(Host.ascii("161803"));
    SimulatedCard other = new SimulatedCard();
    Host next = Host.readyWithPuk(other, new Random(10));
    assertFalse(Memory.holds(other, Host.PUK));
    next.block();
    next.send(next.unblocking(Host.PUK, Host.ascii("161803"))).orThrow();
    assertFalse(Memory.holds(other, Host.PUK));
    assertFalse(Memory.holds(other, Host.ascii("161803")));
    card.reset();
    assertNowhere(record.secret());
    assertTrue(Memory.holds(card, record.id()), "the search finds what is there");
  }

  private void assertNowhere(byte[] secret) {
    assertFalse(Memory.holds(card, secret));
  }

  @Test
  @DisplayName("DELETE leaves nothing of the record in persistent memory")
  void erased() {
    Host.Stored record = host.store();
    assertTrue(Memory.holds(card, record.address()));
    host.send(host.access(0x14, record)).orThrow();
    host.session(); // what the command itself carried is wiped
    assertFalse(Memory.holds(card, record.id()));
    assertFalse(Memory.holds(card, record.address()));
  }

  @Test
  @DisplayName("after a write that failed the card answers 6581 to everything until its power returns")
  void memoryFailure() {
    Host.Stored record = host.store();
    card.runtime().failNextTransaction();
    assertEquals(0x6581, host.command(0x10, host.bytes(84)).status());
    assertEquals(0x6581, host.command(0x02).status());
    assertEquals(0x6581, host.send(Host.SELECT).status());
    assertEquals(0x6581, host.send(CPLC).status());
    host.powerUp();
    host.command(0x20, Host.PIN).orThrow();
    assertEquals(1, host.info().used());
    host.send(host.access(0x12, record)).orThrow();
  }

  @Test
  @DisplayName("PERSONALISE refuses a key pair whose halves do not belong together, and the card stays new")
  void foreignHalf() throws ReflectiveOperationException {
    SimulatedCard blank = new SimulatedCard();
    Host next = new Host(blank, new Random(5));
    next.powerUp();
    ECPrivateKeyImpl key = Memory.find(blank, ECPrivateKeyImpl.class).get(0);
    Field scalar = ECPrivateKeyImpl.class.getDeclaredField("s");
    scalar.setAccessible(true);
    // jCardSim reads a scalar that replaces a longer one as if it were as long.
    ((ByteContainer) scalar.get(key)).setBytes(new byte[40]);
    assertEquals(0x6F00, next.command(0x06, next.authorityBytes(), Host.PIN).status());
    assertEquals(0x80, next.info().flags());
    assertEquals(0, next.info().counter());
    ((ByteContainer) scalar.get(key)).clear();
    scalar.set(key, new ByteContainer());
    next.command(0x06, next.authorityBytes(), Host.PIN).orThrow();
  }

  @Test
  @DisplayName("counts that are at their end stop the command with 6F00, and nothing of it is written")
  void countsAtTheirEnd() {
    Memory.age(card, "stateCounter", SimulatedCard.hex("7FFFFFFF"));
    byte[] start = host.command(0x02).orThrow().data();
    assertArrayEquals(SimulatedCard.hex("7FFFFFFF"), Arrays.copyOfRange(start, 38, 42));
    host.store();
    Memory.age(card, "stateCounter", SimulatedCard.hex("FFFFFFFE"));
    // The try is written, and to give it back is one write too many.
    assertEquals(0x6F00, host.command(0x20, Host.PIN).status());
    assertEquals(0x6F00, host.command(0x20, Host.PIN).status());
    byte[] end = host.command(0x02).orThrow().data();
    assertEquals(2, end[4]);
    assertArrayEquals(SimulatedCard.hex("FFFFFFFF"), Arrays.copyOfRange(end, 38, 42));
  }

  @Test
  @DisplayName("a platform that speaks T=0 takes Le where data would be for commands without data")
  void blockProtocol() {
    card.use("T=0");
    host.powerUp();
    host.send(SimulatedCard.hex("800200002A")).orThrow();
    host.send(SimulatedCard.hex("80040000")).orThrow();
    host.command(0x20, Host.PIN).orThrow();
    host.store();
  }
}
