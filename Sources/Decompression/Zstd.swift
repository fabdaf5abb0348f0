// Zstd.swift — RFC 8878 by libzstd: the only importer of CZstd
// SPDX-License-Identifier: MIT

internal import CZstd
internal import CheckedArithmetic

struct ZstdStream: Decoder, ~Copyable {
  private let context = ZSTD_createDCtx()
  /// Bytes, which come one by one: of a frame that it is given whole, libzstd takes and refuses other data than of one that
  /// comes in pieces.
  private static let longestHeader = 18

  init() {
    // A frame may ask for a window of up to 2 GiB; Linux uses 128 MiB at most.
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
  }

  deinit { ZSTD_freeDCtx(context) }

  borrowing func decode(
    _ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableBufferPointer<UInt8>
  ) -> Step {
    var from = ZSTD_inBuffer(src: source.baseAddress, size: 0, pos: 0)
    var to = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
    var result = 0
    repeat {
      from.size = from.pos < Self.longestHeader ? min(from.pos &+ 1, source.count) : source.count
      result = ZSTD_decompressStream(context, &to, &from)
    } while result != 0 && ZSTD_isError(result) == 0 && from.pos == from.size && from.size < source.count
    var step = Step(taken: from.pos, written: to.pos, isEnd: result == 0)
    if ZSTD_isError(result) != 0 {
      let reason = String(cString: ZSTD_getErrorName(result))
      step.fault = DecompressionError(found: "corrupt zstd data (\(reason))", expected: "what zstd writes")
    }
    return step
  }
}
