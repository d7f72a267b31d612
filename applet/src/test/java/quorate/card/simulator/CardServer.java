package quorate.card.simulator;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;

/**
 * Simulated cards behind sockets, in the framing of vpcd: 2 bytes of length, then one byte of control (0 power off,
 * 1 power on, 2 reset, 4 ATR) or a command APDU.
 *
 * <p>{@code --listen}: a free port of 127.0.0.1, printed; each connection is a new blank card. There, and only there,
 * the control byte 0x40 + n is power off and on, and off again after the nth write; a card without power answers no
 * bytes. {@code --vpcd PORT}: one blank card in the reader of the vpcd on this port of 127.0.0.1. The program ends
 * when its standard input ends.
 */
public final class CardServer {
  private static final int OFF = 0;
  private static final int ON = 1;
  private static final int RESET = 2;
  private static final int GET_ATR = 4;
  private static final int CUT = 0x40;
  private static final int MAX_CUT = 0x1F;

  private CardServer() {}

  /** Starts the server. */
  public static void main(String[] arguments) throws IOException {
    InetAddress local = InetAddress.getLoopbackAddress();
    endWithInput();
    if (arguments.length == 1 && arguments[0].equals("--listen")) {
      listen(new ServerSocket(0, 16, local));
    } else if (arguments.length == 2 && arguments[0].equals("--vpcd")) {
      serveAndClose(new Socket(local, Integer.parseInt(arguments[1])), false);
      System.exit(0);
    } else {
      System.err.println("CardServer --listen | --vpcd PORT");
      System.exit(2);
    }
  }

  private static void listen(ServerSocket server) throws IOException {
    System.out.println("listening " + server.getLocalPort());
    System.setOut(new PrintStream(OutputStream.nullOutputStream())); // jCardSim tells of every algorithm
    while (true) {
      Socket socket = server.accept();
      Thread thread = new Thread(() -> serveAndClose(socket, true), "card");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private static void serveAndClose(Socket socket, boolean canCut) {
    try (socket) {
      serve(socket, new SimulatedCard(), canCut);
    } catch (EOFException | SocketException e) {
      return; // the reader has gone, and the card with it
    } catch (IOException e) {
      System.err.println("card: " + e.getMessage());
    }
  }

  static void serve(Socket socket, SimulatedCard card, boolean canCut) throws IOException {
    socket.setTcpNoDelay(true);
    DataInputStream in = new DataInputStream(socket.getInputStream());
    DataOutputStream out = new DataOutputStream(socket.getOutputStream());
    while (true) {
      byte[] frame = new byte[in.readUnsignedShort()];
      in.readFully(frame);
      byte[] answer = answer(card, frame, canCut);
      if (answer != null) {
        byte[] bytes = new byte[2 + answer.length];
        bytes[0] = (byte) (answer.length >> 8);
        bytes[1] = (byte) answer.length;
        System.arraycopy(answer, 0, bytes, 2, answer.length);
        out.write(bytes);
      }
    }
  }

  private static byte[] answer(SimulatedCard card, byte[] frame, boolean canCut) {
    int control = frame.length == 1 ? frame[0] & 0xFF : -1;
    switch (control) {
      case OFF, ON, RESET -> {
        card.reset();
        return null;
      }
      case GET_ATR -> {
        return SimulatedCard.ATR;
      }
      default -> {
        int count = control - CUT;
        if (canCut && count > 0 && count <= MAX_CUT) {
          card.resetAndCutAfterWrite(count);
          return null;
        }
        return card.transmit(frame);
      }
    }
  }

  private static void endWithInput() {
    Thread thread =
        new Thread(
            () -> {
              try {
                System.in.transferTo(OutputStream.nullOutputStream());
              } catch (IOException e) {
                // the same as its end
              }
              System.exit(0);
            },
            "input");
    thread.setDaemon(true);
    thread.start();
  }
}
