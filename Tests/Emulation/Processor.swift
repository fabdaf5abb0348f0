// Processor.swift — the processors that are emulated: what libunicorn calls them and their registers
// SPDX-License-Identifier: MIT

internal import CUnicorn

public enum Processor: String, CaseIterable, Sendable {
  case aarch64, riscv64, arm, i386
  case amd64 = "x86_64"

  var kind: (architecture: uc_arch, mode: uc_mode) {
    switch self {
    case .aarch64: (UC_ARCH_ARM64, UC_MODE_ARM)
    case .riscv64: (UC_ARCH_RISCV, UC_MODE_RISCV64)
    case .amd64: (UC_ARCH_X86, UC_MODE_64)
    case .arm: (UC_ARCH_ARM, UC_MODE_ARM)
    case .i386: (UC_ARCH_X86, UC_MODE_32)
    }
  }

  /// Bytes of an address.
  var wordSize: Int { self == .arm || self == .i386 ? 4 : 8 }

  /// Where a return address is handed over; nil: on the stack.
  var link: String? {
    switch self {
    case .aarch64: "x30"
    case .riscv64: "ra"
    case .arm: "lr"
    case .amd64, .i386: nil
    }
  }

  var stackPointer: String {
    switch self {
    case .aarch64, .riscv64, .arm: "sp"
    case .amd64: "rsp"
    case .i386: "esp"
    }
  }

  var programCounter: Int32 {
    switch self {
    case .aarch64: UC_ARM64_REG_PC.id
    case .riscv64: UC_RISCV_REG_PC.id
    case .amd64: UC_X86_REG_RIP.id
    case .arm: UC_ARM_REG_PC.id
    case .i386: UC_X86_REG_EIP.id
    }
  }

  /// The general registers, by the names that the assembler has for them; of riscv64, by those of its ABI.
  var registers: [String: Int32] {
    switch self {
    case .aarch64:
      Self.numbered("x", 0...28, from: UC_ARM64_REG_X0.id).merging([
        "x29": UC_ARM64_REG_X29.id, "x30": UC_ARM64_REG_X30.id, "sp": UC_ARM64_REG_SP.id,
      ]) { $1 }
    case .riscv64:
      Dictionary(
        uniqueKeysWithValues: [
          "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
          "a6",
          "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
        ].enumerated().map { ($1, UC_RISCV_REG_X0.id + Int32($0)) })
    case .amd64:
      Self.numbered("r", 8...15, from: UC_X86_REG_R8.id).merging([
        "rax": UC_X86_REG_RAX.id, "rbx": UC_X86_REG_RBX.id, "rcx": UC_X86_REG_RCX.id,
        "rdx": UC_X86_REG_RDX.id,
        "rsi": UC_X86_REG_RSI.id, "rdi": UC_X86_REG_RDI.id, "rbp": UC_X86_REG_RBP.id,
        "rsp": UC_X86_REG_RSP.id,
      ]) { $1 }
    case .arm:
      Self.numbered("r", 0...12, from: UC_ARM_REG_R0.id).merging([
        "sp": UC_ARM_REG_SP.id, "lr": UC_ARM_REG_LR.id,
      ]) { $1 }
    case .i386:
      [
        "eax": UC_X86_REG_EAX.id, "ebx": UC_X86_REG_EBX.id, "ecx": UC_X86_REG_ECX.id,
        "edx": UC_X86_REG_EDX.id,
        "esi": UC_X86_REG_ESI.id, "edi": UC_X86_REG_EDI.id, "ebp": UC_X86_REG_EBP.id,
        "esp": UC_X86_REG_ESP.id,
      ]
    }
  }

  private static func numbered(_ letter: String, _ numbers: ClosedRange<Int>, from first: Int32) -> [String:
    Int32]
  {
    Dictionary(
      uniqueKeysWithValues: numbers.map { ("\(letter)\($0)", first + Int32($0 - numbers.lowerBound)) })
  }
}

extension RawRepresentable where RawValue == UInt32 {
  /// libunicorn takes its constants as int.
  var id: Int32 { Int32(rawValue) }
}
