package quorate.card.simulator;

import com.licel.jcardsim.base.SimulatorRuntime;
import javacard.framework.AID;
import javacard.framework.JCSystem;
import javacard.framework.TransactionException;

/**
 * jCardSim with the transactions of the Java Card specification: an abort, and a power cut before the commit, leave
 * persistent memory as it was at the beginning, and a transaction ends with its command.
 */
final class AtomicRuntime extends SimulatorRuntime {
  private PersistentMemory before;
  private int writesLeft = Integer.MAX_VALUE;
  private boolean hasPower = true;
  private boolean failsNext;

  /** The power goes directly after the nth write from now. */
  void cutAfterWrite(int count) {
    writesLeft = count;
  }

  /** The next transaction cannot be written. */
  void failNextTransaction() {
    failsNext = true;
  }

  boolean hasPower() {
    return hasPower;
  }

  /** The power goes now. */
  void cut() {
    hasPower = false;
    throw new PowerCut();
  }

  @Override
  public byte[] transmitCommand(byte[] command) {
    byte[] answer = super.transmitCommand(command);
    if (transactionDepth != 0) {
      abortTransaction();
    }
    return answer;
  }

  @Override
  public void beginTransaction() {
    super.beginTransaction();
    before = takePicture();
  }

  @Override
  public void commitTransaction() {
    if (failsNext) {
      failsNext = false;
      TransactionException.throwIt(TransactionException.BUFFER_FULL);
    }
    super.commitTransaction();
    before = null;
    writesLeft--;
    if (writesLeft == 0) {
      cut();
    }
  }

  @Override
  public void abortTransaction() {
    super.abortTransaction();
    rollBack();
  }

  @Override
  public void reset() {
    rollBack();
    super.reset();
    writesLeft = Integer.MAX_VALUE;
    hasPower = true;
  }

  private void rollBack() {
    if (before != null) {
      before.restore();
      before = null;
    }
  }

  /** Everything that the applet keeps without power. */
  PersistentMemory takePicture() {
    AID aid = applets.firstKey();
    return new PersistentMemory(
        getApplet(aid),
        object -> transientMemory.isTransient(object) != JCSystem.NOT_A_TRANSIENT_OBJECT);
  }
}
