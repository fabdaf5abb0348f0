// UART.swift — how a UART takes a byte: the ones that have a name, and any other
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import PurgatoryABI

/// How a UART takes a byte, as `struct purgatory_info` describes it: the purgatory knows none by name.
public struct UART: Equatable, Sendable {
  /// Bytes of a register access: 0 and 1 are a byte, 4 is a word.
  public var access: UInt32
  /// Offset of the data register in bytes.
  public var data: UInt32
  /// Offset of the status register in bytes.
  public var status: UInt32
  /// The bits of the status register to look at; 0: there is nothing to ask.
  public var mask: UInt32
  /// What they are when a byte has left.
  public var ready: UInt32

  /// A UART by its registers.
  public init(access: UInt32, data: UInt32 = 0, status: UInt32 = 0, mask: UInt32 = 0, ready: UInt32 = 0) {
    self.access = access
    self.data = data
    self.status = status
    self.mask = mask
    self.ready = ready
  }

  private init(_ console: purgatory_console) {
    self.init(
      access: console.access, data: console.data, status: console.status, mask: console.mask,
      ready: console.ready)
  }
}

extension UART {
  /// A byte store, and nothing to ask; all zero, which is what kexec-tools leaves to the purgatory.
  public static let raw = UART(purgatory_console_raw)
  /// Arm PL011.
  public static let pl011 = UART(purgatory_console_pl011)
  /// A PL011 of Qualcomm's QDF2400, whose BUSY stays set (erratum 44).
  public static let qdf2400 = UART(purgatory_console_qdf2400)
  /// 8-bit registers next to each other.
  public static let uart8250 = UART(purgatory_console_8250)
  /// 8-bit registers 4 bytes apart.
  public static let uart8250Stride4 = UART(purgatory_console_8250_stride4)
  /// 32-bit registers.
  public static let uart8250MMIO32 = UART(purgatory_console_8250_mmio32)
  /// NXP i.MX 1 to 8M.
  public static let imx = UART(purgatory_console_imx)
  /// NXP LPUART of 8 bits: Vybrid.
  public static let lpuart = UART(purgatory_console_lpuart)
  /// NXP LPUART of 32 bits: Layerscape.
  public static let lpuart32 = UART(purgatory_console_lpuart32)
  /// NXP LPUART of 32 bits, as i.MX 7ULP, 8 and 9 have it.
  public static let lpuartOfIMX = UART(purgatory_console_imx_lpuart)
  /// Amlogic Meson.
  public static let meson = UART(purgatory_console_meson)
  /// Zynq and ZynqMP.
  public static let cadence = UART(purgatory_console_cadence)
  /// Renesas SCIF and HSCIF: R-Car.
  public static let scif = UART(purgatory_console_scif)
  /// Renesas SCIFA: RZ.
  public static let scifa = UART(purgatory_console_scifa)
  /// Exynos, Google's GS101 and Apple's.
  public static let samsung = UART(purgatory_console_samsung)
  /// Marvell Armada 3700's first UART.
  public static let armada3700 = UART(purgatory_console_armada3700)
  /// Marvell Armada 3700's second UART.
  public static let armada3700Ext = UART(purgatory_console_armada3700_ext)
  /// STM32 from F7 on.
  public static let stm32 = UART(purgatory_console_stm32)

  /// Every UART that has a name.
  public static let named: [(name: String, uart: UART)] = [
    ("raw", raw), ("pl011", pl011), ("8250", uart8250), ("8250-stride4", uart8250Stride4),
    ("8250-mmio32", uart8250MMIO32), ("imx", imx), ("imx-lpuart", lpuartOfIMX), ("lpuart", lpuart),
    ("lpuart32", lpuart32), ("meson", meson), ("cadence", cadence), ("scif", scif), ("scifa", scifa),
    ("samsung", samsung), ("armada3700", armada3700), ("armada3700-ext", armada3700Ext), ("stm32", stm32),
    ("qdf2400", qdf2400),
  ]

  /// Its name, or "described".
  public var name: String {
    Self.named.first { $0.uart.isSame(as: self) }?.name ?? "described"
  }

  /// The fields of the description, by name.
  package static let settings: [(name: String, field: WritableKeyPath<UART, UInt32> & Sendable)] = [
    ("access", \.access), ("data", \.data), ("status", \.status), ("mask", \.mask), ("ready", \.ready),
  ]

  /// As `custom:` takes them.
  package var fields: String {
    "access=\(width)"
      + Self.settings.dropFirst().map { ",\($0.name)=\(String(hex: UInt64(self[keyPath: $0.field])))" }
      .joined()
  }

  /// The bytes of a register access: what the registers' addresses are multiples of.
  package var width: UInt32 { max(access, 1) }

  private func isSame(as other: UART) -> Bool {
    var (mine, its) = (self, other)
    mine.access = width
    its.access = other.width
    return mine == its
  }

  /// What makes it a UART that no byte would ever leave, wherever it is; nil: nothing.
  package var fault: (found: String, expected: String)? {
    if ![1, 4].contains(width) {
      return ("access \(access)", "1 or 4 bytes")
    }
    for (name, offset) in [("data", data), ("status", status)] where !offset.isMultiple(of: width) {
      return ("\(name) at \(String(hex: UInt64(offset)))", "a multiple of \(width)")
    }
    if width == 1, mask > 0xff {
      return ("mask \(String(hex: UInt64(mask)))", "bits of a byte, as access is \(width)")
    }
    if ready & ~mask != 0 {
      return ("ready \(String(hex: UInt64(ready)))", "bits of mask, \(String(hex: UInt64(mask)))")
    }
    return nil
  }
}

extension PurgatoryInfo.Console {
  /// Whether nothing is said: there is no address.
  public var isSilent: Bool { base == 0 }

  /// Where each byte is written; nil: nothing is said, for there is no address, or no such access.
  var dataRegister: PurgatoryInfo.Region? {
    isSilent || ![1, 4].contains(uart.width)
      ? nil : PurgatoryInfo.Region(base: base &+ UInt64(uart.data), size: UInt64(uart.width))
  }

  /// As --console takes it.
  package var argument: String {
    "\(uart.name == "described" ? "custom:\(uart.fields)" : uart.name)@\(String(hex: base))"
  }

  /// The UART's name; "none" where nothing is said.
  package var name: String { isSilent ? "none" : uart.name }

  /// Why no byte would ever leave; nil: it would, or nothing is said.
  package var fault: (found: String, expected: String)? {
    if isSilent { return nil }
    if let fault = uart.fault { return fault }
    if !base.isMultiple(of: UInt64(uart.width)) {
      return ("\(uart.name) at \(String(hex: base))", "a multiple of \(uart.width)")
    }
    for (name, offset) in [("data", uart.data), ("status", uart.status)]
    where Range(base: base, size: UInt64(offset) &+ UInt64(uart.width)) == nil {
      return (
        "\(uart.name) at \(String(hex: base)) with \(name) at \(String(hex: UInt64(offset)))",
        "an end below 2^64"
      )
    }
    return nil
  }
}
