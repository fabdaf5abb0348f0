// BlobDescription.swift — a purgatory as JSON; the keys are a contract (docs/json.md)
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

struct BlobDescription: Encodable {
  let format: String
  /// Bytes that are loaded.
  let loadSize: Int
  let memorySize: UInt64
  let infoOffset: Int
  let ready: Bool
  let info: Info

  struct Info: Encodable {
    let version: UInt32
    let size: Int
    let kernelEntry: UInt64
    let dtbAddr: UInt64
    let flags: [String]
    let console: Console
    let onFailure: String
    let psci: String
    let skipChecks: Bool
    let regions: [Region]
    let digest: String
    let status: String
    let resultAddr: UInt64

    enum CodingKeys: String, CodingKey {
      case version, size, flags, console, psci, regions, digest, status
      case kernelEntry = "kernel_entry"
      case dtbAddr = "dtb_addr"
      case onFailure = "on_failure"
      case skipChecks = "skip_checks"
      case resultAddr = "result_addr"
    }
  }

  struct Console: Encodable {
    let type: String
    let base: UInt64
    let access: UInt32
    let data: UInt32
    let status: UInt32
    let mask: UInt32
    let ready: UInt32

    init(_ console: PurgatoryInfo.Console?) {
      type = console?.name ?? "none"
      base = console?.base ?? 0
      access = console?.uart.width ?? 0
      data = console?.uart.data ?? 0
      status = console?.uart.status ?? 0
      mask = console?.uart.mask ?? 0
      ready = console?.uart.ready ?? 0
    }
  }

  struct Region: Encodable {
    let index: Int
    let base: UInt64
    let size: UInt64
    let sha256: String
  }

  enum CodingKeys: String, CodingKey {
    case format, ready, info
    case loadSize = "load_size"
    case memorySize = "memory_size"
    case infoOffset = "info_offset"
  }

  init(_ blob: Blob) {
    let info = blob.info
    format = blob.format.rawValue
    loadSize = blob.loadRange.count
    memorySize = info.memorySize
    infoOffset = blob.infoOffset
    ready = info.missing.isEmpty && info.findings().isEmpty
    self.info = Info(
      version: info.version, size: PurgatoryInfo.size, kernelEntry: info.kernelEntry,
      dtbAddr: info.dtbAddress,
      flags: info.flags.names,
      console: Console(info.console),
      onFailure: info.onFailure.name, psci: info.psciConduit.name, skipChecks: info.skipChecks,
      regions: info.usedRegions.map {
        Region(
          index: $0.index, base: $0.region.base, size: $0.region.size, sha256: $0.region.digest.description)
      },
      digest: info.combinedDigest.description, status: info.status.name, resultAddr: info.resultAddress)
  }
}
