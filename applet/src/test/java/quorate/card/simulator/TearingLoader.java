package quorate.card.simulator;

import java.io.IOException;
import java.io.InputStream;
import javacard.framework.Applet;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import quorate.card.QuorateApplet;

/** Loads the applet with a {@link Tear#place} before every write of its own and every call of the platform. */
final class TearingLoader extends ClassLoader {
  private static final String PACKAGE = "quorate.card.";

  private TearingLoader() {
    super(TearingLoader.class.getClassLoader());
  }

  static Class<? extends Applet> load() {
    try {
      return new TearingLoader().loadClass(QuorateApplet.class.getName()).asSubclass(Applet.class);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    boolean isApplet = name.startsWith(PACKAGE) && name.lastIndexOf('.') == PACKAGE.length() - 1;
    if (!isApplet) {
      return super.loadClass(name, resolve);
    }
    Class<?> loaded = findLoadedClass(name);
    return loaded == null ? instrument(name) : loaded;
  }

  private Class<?> instrument(String name) throws ClassNotFoundException {
    try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
      ClassReader reader = new ClassReader(in);
      ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
      // The curve's arithmetic runs in memory that a reset clears, in tens of thousands of steps.
      boolean isArithmetic = name.equals(PACKAGE + "Curve");
      reader.accept(isArithmetic ? writer : new Places(writer), 0);
      byte[] bytes = writer.toByteArray();
      return defineClass(name, bytes, 0, bytes.length);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  private static final class Places extends ClassVisitor {
    Places(ClassVisitor next) {
      super(Opcodes.ASM9, next);
    }

    @Override
    public MethodVisitor visitMethod(int access, String name, String type, String of, String[] is) {
      MethodVisitor next = super.visitMethod(access, name, type, of, is);
      return name.startsWith("<") ? next : new Body(next);
    }
  }

  private static final class Body extends MethodVisitor {
    Body(MethodVisitor next) {
      super(Opcodes.ASM9, next);
    }

    private void place() {
      super.visitMethodInsn(
          Opcodes.INVOKESTATIC, "quorate/card/simulator/Tear", "place", "()V", false);
    }

    @Override
    public void visitInsn(int code) {
      if (code == Opcodes.BASTORE || code == Opcodes.SASTORE) {
        place();
      }
      super.visitInsn(code);
    }

    @Override
    public void visitFieldInsn(int code, String on, String name, String type) {
      if (code == Opcodes.PUTFIELD) {
        place();
      }
      super.visitFieldInsn(code, on, name, type);
    }

    @Override
    public void visitMethodInsn(int code, String on, String name, String type, boolean isOn) {
      if (on.startsWith("javacard")) {
        place();
      }
      super.visitMethodInsn(code, on, name, type, isOn);
    }
  }
}
