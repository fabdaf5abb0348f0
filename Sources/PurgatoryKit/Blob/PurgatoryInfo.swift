// PurgatoryInfo.swift — struct purgatory_info as a Swift value: decoded from, and encoded into, its bytes
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import PurgatoryABI

/// The contents of `struct purgatory_info` (docs/abi.md), the only part of a purgatory that a loader writes.
///
/// Addresses are physical; when `flags` contains `.relative` they are offsets from the blob's base, modulo 2^64.
public struct PurgatoryInfo: Equatable, Sendable {
  /// Bytes of the struct.
  public static let size = Int(PURGATORY_INFO_SIZE)
  /// Where the struct lies in a flat blob, in bytes from its base.
  public static let blobOffset = Int(PURGATORY_INFO_OFFSET)
  /// How many regions the struct has room for.
  public static let maximumRegions = Int(PURGATORY_MAX_REGIONS)
  /// The address of the last byte that the purgatory can reach: 48 bits.
  public static let maximumAddress = UInt64(PURGATORY_MAX_ADDRESS)
  /// The blob's base is a multiple of this, in bytes.
  public static let loadAlignment = UInt64(PURGATORY_LOAD_ALIGNMENT)
  /// Every region's base is a multiple of this, in bytes.
  public static let regionAlignment = UInt64(PURGATORY_REGION_ALIGNMENT)
  /// Bytes that the purgatory stores at `resultAddress`, which is a multiple of `resultAlignment`.
  static let resultSize = Int(PURGATORY_RESULT_SIZE)
  static let resultAlignment = UInt64(PURGATORY_RESULT_ALIGNMENT)
  /// `failedRegion` where it is the combined digest that differs.
  package static let failedCombined = UInt32(PURGATORY_FAILED_COMBINED)
  /// The version of the struct that this library reads and writes.
  public static let supportedVersion = UInt32(PURGATORY_INFO_VERSION)

  /// The version of the struct.
  public var version = supportedVersion
  /// The next kernel's first instruction; 0: not ready.
  public var kernelEntry: UInt64 = 0
  /// The device tree, handed over in x0; 0: whatever x0 the purgatory is entered with.
  public var dtbAddress: UInt64 = 0
  /// How the purgatory verifies, and what it says.
  public var flags: Flags = []
  /// What it does when verification fails.
  public var onFailure = FailureAction.halt
  /// How it reaches PSCI, to reset or power off.
  public var psciConduit = PSCIConduit.smc
  /// The UART that it says it on; nil: none, until a loader fills one in.
  public var console: Console?
  /// Nothing is verified.
  public var skipChecks = false
  /// Bytes of memory from the blob's base: its file and its scratch. Set at link time.
  public var memorySize: UInt64 = 0
  /// At most `maximumRegions` entries, in the order in which they are verified.
  public var regions = [Region](repeating: Region(), count: maximumRegions)
  /// One SHA-256 over all used regions, in order.
  public var combinedDigest = Digest.zero
  /// What has become of the verification: the purgatory writes it.
  public var status = Status.notRun
  /// The index of the first region that did not match; 0xffffffff: the combined digest. The purgatory writes it.
  public var failedRegion: UInt32 = 0
  /// Ticks of CNTVCT_EL0 (Arm ARM) that verifying took. The purgatory writes it.
  public var verifyTicks: UInt64 = 0
  /// Bit 0: caches were on; bit 1: SHA-2 instructions were used. The purgatory writes it.
  public var verifyPath: UInt64 = 0
  /// Where the result is to be stored for the next system; 0: nowhere.
  public var resultAddress: UInt64 = 0

  /// The single bits of the `flags` field.
  public struct Flags: OptionSet, Hashable, Sendable {
    /// The bits, as the struct has them.
    public let rawValue: UInt64
    /// The flags whose bits are set.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Each region has a digest of its own.
    public static let verifyRegions = Flags(rawValue: UInt64(PURGATORY_FLAG_VERIFY_REGIONS))
    /// One digest is over all regions, in order.
    public static let verifyCombined = Flags(rawValue: UInt64(PURGATORY_FLAG_VERIFY_COMBINED))
    /// Addresses are offsets from the blob's base, modulo 2^64.
    public static let relative = Flags(rawValue: UInt64(PURGATORY_FLAG_RELATIVE))
    /// Verify with caches off.
    public static let noCache = Flags(rawValue: UInt64(PURGATORY_FLAG_NO_CACHE))
    /// Verify without SHA-2 instructions.
    public static let noCrypto = Flags(rawValue: UInt64(PURGATORY_FLAG_NO_CRYPTO))
    /// Print failures only.
    public static let quiet = Flags(rawValue: UInt64(PURGATORY_FLAG_QUIET))
  }

  /// What the purgatory does when verification fails (flags bits 8-9).
  public enum FailureAction: UInt64, CaseIterable, Sendable {
    /// Wait for ever.
    case halt = 0
    /// PSCI SYSTEM_RESET (Arm DEN 0022).
    case reset
    /// PSCI SYSTEM_OFF.
    case poweroff
    /// Enter the next kernel all the same.
    case boot

    /// Whether it takes a PSCI call.
    public var usesPSCI: Bool { self == .reset || self == .poweroff }
  }

  /// The instruction that reaches PSCI (flags bit 10).
  public enum PSCIConduit: CaseIterable, Sendable {
    /// To EL3.
    case smc
    /// To EL2.
    case hvc
  }

  /// The diagnostics UART.
  public struct Console: Equatable, Sendable {
    /// How it takes a byte.
    public var uart: UART
    /// MMIO address; 0: silent until a loader fills it in.
    public var base: UInt64
    /// A UART at an MMIO address.
    public init(_ uart: UART, base: UInt64) {
      self.uart = uart
      self.base = base
    }
  }

  /// Memory to verify; size 0: unused.
  public struct Region: Equatable, Sendable {
    /// Physical address, or an offset from the blob's base; a multiple of 16.
    public var base: UInt64 = 0
    /// Bytes; 0: unused.
    public var size: UInt64 = 0
    /// SHA-256 of them, where `Flags.verifyRegions` is set.
    public var digest = Digest.zero
    /// `size` bytes at `base`.
    public init(base: UInt64 = 0, size: UInt64 = 0, digest: Digest = .zero) {
      self.base = base
      self.size = size
      self.digest = digest
    }
  }

  /// Written by the purgatory.
  public enum Status: UInt32, Sendable {
    /// It has not run.
    case notRun = 0
    /// It has begun, and not ended.
    case running
    /// All regions are what they were.
    case verified
    /// It was told not to verify.
    case skipped
    /// A region is not what it was.
    case mismatch
    /// The processor took an exception.
    case exception
    /// What a loader filled in is not valid.
    case badInfo
  }

  /// A struct with nothing filled in.
  public init() {}

  /// The regions in use, with their indices.
  public var usedRegions: [(index: Int, region: Region)] {
    regions.enumerated().filter { $0.element.size != 0 }.map { ($0.offset, $0.element) }
  }
}

// MARK: - Bytes

extension PurgatoryInfo {
  /// A field that holds a value this version does not know.
  public struct DecodingError: Error, Equatable, Sendable {
    /// Its name, as purgatory_info.h has it.
    public let field: String
    /// What it holds, in words.
    public let found: String
    /// What it should hold.
    public let expected: String
  }

  /// Decodes the struct. Magic, version and size are checked before anything else is believed.
  ///
  /// - Parameter bytes: the struct, little-endian, `size` of them; what follows is not read.
  /// - Throws: `DecodingError` for the first field that is wrong.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    func field<T: FixedWidthInteger & UnsignedInteger>(_ offset: Int32, _ name: String) throws(DecodingError)
      -> T
    {
      guard let value = bytes.integer(at: Int(offset), as: T.self) else {
        throw DecodingError(
          field: name, found: "\(bytes.count) bytes", expected: "struct purgatory_info of \(Self.size) bytes")
      }
      return value
    }
    let magic: UInt64 = try field(PURGATORY_INFO_magic, "magic")
    guard magic == UInt64(PURGATORY_INFO_MAGIC) else {
      throw DecodingError(field: "magic", found: String(hex: magic), expected: "\"PURGINFO\"")
    }
    version = try field(PURGATORY_INFO_version, "version")
    guard version == Self.supportedVersion else {
      throw DecodingError(field: "version", found: "\(version)", expected: "\(Self.supportedVersion)")
    }
    let size: UInt32 = try field(PURGATORY_INFO_size, "size")
    guard size == UInt32(clamping: Self.size) else {
      throw DecodingError(
        field: "size", found: String(hex: UInt64(size)), expected: String(hex: UInt64(Self.size)))
    }
    guard bytes.count >= Self.size else {
      throw DecodingError(
        field: "size", found: "\(bytes.count) bytes", expected: "struct purgatory_info of \(Self.size) bytes")
    }

    kernelEntry = try field(PURGATORY_INFO_kernel_entry, "kernel_entry")
    dtbAddress = try field(PURGATORY_INFO_dtb_addr, "dtb_addr")
    let rawFlags: UInt64 = try field(PURGATORY_INFO_flags, "flags")
    flags = Flags(rawValue: rawFlags & Self.flagBits)
    onFailure =
      FailureAction(
        rawValue: (rawFlags & UInt64(PURGATORY_FLAG_ON_FAILURE_MASK))
          >> UInt64(PURGATORY_FLAG_ON_FAILURE_SHIFT))
      ?? .halt
    psciConduit = rawFlags & UInt64(PURGATORY_FLAG_PSCI_HVC) != 0 ? .hvc : .smc
    let unknown =
      rawFlags & ~(Self.flagBits | UInt64(PURGATORY_FLAG_ON_FAILURE_MASK) | UInt64(PURGATORY_FLAG_PSCI_HVC))
    guard unknown == 0 else {
      throw DecodingError(
        field: "flags", found: "unknown bits \(String(hex: unknown)), which the purgatory ignores",
        expected: "0 there")
    }

    let consoleBase: UInt64 = try field(PURGATORY_INFO_console_base, "console_base")
    let uart = UART(
      access: try field(PURGATORY_INFO_console_access, "console_access"),
      data: try field(PURGATORY_INFO_console_data, "console_data"),
      status: try field(PURGATORY_INFO_console_status, "console_status"),
      mask: try field(PURGATORY_INFO_console_mask, "console_mask"),
      ready: try field(PURGATORY_INFO_console_ready, "console_ready"))
    if consoleBase != 0 || uart != .raw { console = Console(uart, base: consoleBase) }
    let skip: UInt32 = try field(PURGATORY_INFO_skip_checks, "skip_checks")
    skipChecks = skip != 0
    memorySize = try field(PURGATORY_INFO_memory_size, "memory_size")
    for index in 0..<Self.maximumRegions {
      let region = PURGATORY_INFO_regions + Int32(clamping: index * 16)
      let digest = Int(PURGATORY_INFO_digests) + index * Int(PURGATORY_DIGEST_SIZE)
      regions[index] = Region(
        base: try field(region, "regions"), size: try field(region + 8, "regions"),
        digest: Digest(bytes: Array(bytes[digest..<digest + Int(PURGATORY_DIGEST_SIZE)])))
    }
    let combined = Int(PURGATORY_INFO_digest)
    combinedDigest = Digest(bytes: Array(bytes[combined..<combined + Int(PURGATORY_DIGEST_SIZE)]))
    let rawStatus: UInt32 = try field(PURGATORY_INFO_status, "status")
    guard let status = Status(rawValue: rawStatus) else {
      throw DecodingError(
        field: "status", found: "\(rawStatus), which the purgatory overwrites", expected: "0 to 6")
    }
    self.status = status
    failedRegion = try field(PURGATORY_INFO_failed_region, "failed_region")
    verifyTicks = try field(PURGATORY_INFO_verify_ticks, "verify_ticks")
    verifyPath = try field(PURGATORY_INFO_verify_path, "verify_path")
    resultAddress = try field(PURGATORY_INFO_result_addr, "result_addr")
  }

  /// More regions than the struct has room for.
  public struct EncodingError: Error, Equatable, Sendable {
    /// How many there are.
    public let regions: Int
  }

  /// The struct's bytes.
  ///
  /// - Throws: `EncodingError` where there are more than `maximumRegions` regions; fewer leave the rest unused.
  public func encoded() throws(EncodingError) -> [UInt8] {
    guard regions.count <= Self.maximumRegions else { throw EncodingError(regions: regions.count) }
    var bytes = [UInt8](repeating: 0, count: Self.size)
    bytes.store(UInt64(PURGATORY_INFO_MAGIC), at: Int(PURGATORY_INFO_magic))
    bytes.store(version, at: Int(PURGATORY_INFO_version))
    bytes.store(UInt32(clamping: Self.size), at: Int(PURGATORY_INFO_size))
    bytes.store(kernelEntry, at: Int(PURGATORY_INFO_kernel_entry))
    bytes.store(dtbAddress, at: Int(PURGATORY_INFO_dtb_addr))
    // The other bits of the field are not flags, whatever the set holds.
    var rawFlags =
      flags.rawValue & Self.flagBits | onFailure.rawValue << UInt64(PURGATORY_FLAG_ON_FAILURE_SHIFT)
    if psciConduit == .hvc { rawFlags |= UInt64(PURGATORY_FLAG_PSCI_HVC) }
    bytes.store(rawFlags, at: Int(PURGATORY_INFO_flags))
    bytes.store(console?.base ?? 0, at: Int(PURGATORY_INFO_console_base))
    let uart = console?.uart ?? .raw
    bytes.store(uart.access, at: Int(PURGATORY_INFO_console_access))
    bytes.store(uart.data, at: Int(PURGATORY_INFO_console_data))
    bytes.store(uart.status, at: Int(PURGATORY_INFO_console_status))
    bytes.store(uart.mask, at: Int(PURGATORY_INFO_console_mask))
    bytes.store(uart.ready, at: Int(PURGATORY_INFO_console_ready))
    bytes.store((skipChecks ? 1 : 0) as UInt32, at: Int(PURGATORY_INFO_skip_checks))
    bytes.store(memorySize, at: Int(PURGATORY_INFO_memory_size))
    for (index, region) in regions.enumerated() {
      bytes.store(region.base, at: Int(PURGATORY_INFO_regions) + index * 16)
      bytes.store(region.size, at: Int(PURGATORY_INFO_regions) + index * 16 + 8)
      let digest = Int(PURGATORY_INFO_digests) + index * Int(PURGATORY_DIGEST_SIZE)
      bytes.replaceSubrange(digest..<digest + Int(PURGATORY_DIGEST_SIZE), with: region.digest.bytes)
    }
    let combined = Int(PURGATORY_INFO_digest)
    bytes.replaceSubrange(combined..<combined + Int(PURGATORY_DIGEST_SIZE), with: combinedDigest.bytes)
    bytes.store(status.rawValue, at: Int(PURGATORY_INFO_status))
    bytes.store(failedRegion, at: Int(PURGATORY_INFO_failed_region))
    bytes.store(verifyTicks, at: Int(PURGATORY_INFO_verify_ticks))
    bytes.store(verifyPath, at: Int(PURGATORY_INFO_verify_path))
    bytes.store(resultAddress, at: Int(PURGATORY_INFO_result_addr))
    return bytes
  }

  private static var flagBits: UInt64 {
    Flags([.verifyRegions, .verifyCombined, .relative, .noCache, .noCrypto, .quiet]).rawValue
  }
}
