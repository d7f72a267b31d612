package quorate.card.simulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Scanner;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class CardServerTest {
  private static Process start(String... arguments) throws IOException {
    java.util.List<String> command = new java.util.ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(CardServer.class.getName());
    command.addAll(java.util.List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private record Reader(DataInputStream in, DataOutputStream out) {
    static Reader of(Socket socket) throws IOException {
      return new Reader(
          new DataInputStream(socket.getInputStream()),
          new DataOutputStream(socket.getOutputStream()));
    }

    void send(byte... frame) throws IOException {
      out.writeShort(frame.length);
      out.write(frame);
    }

    byte[] ask(byte... frame) throws IOException {
      send(frame);
      byte[] answer = new byte[in.readUnsignedShort()];
      in.readFully(answer);
      return answer;
    }
  }

  @Test
  @DisplayName("the card puts itself into the reader of a vpcd: ATR, power, commands, and no power cut by a byte")
  void vpcd() throws Exception {
    try (ServerSocket vpcd = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Process card = start("--vpcd", Integer.toString(vpcd.getLocalPort()));
      try (Socket socket = vpcd.accept()) {
        Reader reader = Reader.of(socket);
        reader.send((byte) 1);
        byte[] atr = reader.ask((byte) 4);
        assertArrayEquals(SimulatedCard.ATR, atr);
        byte check = 0;
        for (int at = 1; at < atr.length; at++) {
          check ^= atr[at];
        }
        assertEquals(0, check);
        byte[] cplc = reader.ask(SimulatedCard.hex("80CA9F7F"));
        assertEquals(47, cplc.length);
        assertArrayEquals(SimulatedCard.hex("9000"), reader.ask(Host.SELECT));
        reader.send((byte) 2);
        assertArrayEquals(SimulatedCard.hex("6D00"), reader.ask(SimulatedCard.hex("80020000")));
        assertArrayEquals(SimulatedCard.hex("6700"), reader.ask((byte) 0x41));
        assertArrayEquals(cplc, reader.ask(SimulatedCard.hex("80CA9F7F")));
      }
      assertEquals(0, card.waitFor());
    }
  }

  @Test
  @DisplayName("each connection is a new card; a power cut leaves it silent until its power returns; it ends with its input")
  void listen() throws Exception {
    Process server = start("--listen");
    try (Scanner line = new Scanner(server.getInputStream(), "US-ASCII")) {
      line.next();
      int port = line.nextInt();
      InetAddress local = InetAddress.getLoopbackAddress();
      try (Socket one = new Socket(local, port); Socket two = new Socket(local, port)) {
        Reader first = Reader.of(one);
        byte[] cplc = first.ask(SimulatedCard.hex("80CA9F7F"));
        byte[] other = Reader.of(two).ask(SimulatedCard.hex("80CA9F7F"));
        assertTrue(!java.util.Arrays.equals(cplc, other));
        first.send((byte) 0x41);
        first.ask(Host.SELECT);
        byte[] key = Host.encode((java.security.interfaces.ECPublicKey) Host.makeKeyPair().getPublic());
        assertEquals(0, first.ask(Host.apdu(0x06, key, Host.PIN)).length);
        assertEquals(0, first.ask(Host.SELECT).length);
        first.send((byte) 0);
        first.send((byte) 1);
        assertArrayEquals(SimulatedCard.hex("9000"), first.ask(Host.SELECT));
        assertEquals(0x81, first.ask(Host.apdu(0x02))[5] & 0xFF);
      }
      server.getOutputStream().close();
      assertEquals(0, server.waitFor());
    }
  }
}
