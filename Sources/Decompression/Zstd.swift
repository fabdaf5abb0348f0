// Zstd.swift — RFC 8878 by libzstd: the only importer of CZstd
// SPDX-License-Identifier: MIT

internal import CZstd
internal import CheckedArithmetic

struct ZstdStream: Decoder, ~Copyable {
  private let context = ZSTD_createDCtx()
  /// Bytes: less than any frame.
  private static let piece = 5

  init() {
    // A frame may ask for a window of up to 2 GiB; Linux uses 128 MiB at most.
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
  }

  deinit { ZSTD_freeDCtx(context) }

  borrowing func decode(
    _ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableBufferPointer<UInt8>
  ) -> Step {
    // Of a frame that is there as a whole, libzstd takes and refuses other data than of one that comes in pieces: the
    // first few bytes come alone.
    var from = ZSTD_inBuffer(src: source.baseAddress, size: min(source.count, Self.piece), pos: 0)
    var to = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
    var result = ZSTD_decompressStream(context, &to, &from)
    if result != 0, ZSTD_isError(result) == 0, from.size < source.count {
      from.size = source.count
      result = ZSTD_decompressStream(context, &to, &from)
    }
    var step = Step(taken: from.pos, written: to.pos, isEnd: result == 0)
    if ZSTD_isError(result) != 0 {
      let reason = String(cString: ZSTD_getErrorName(result))
      step.fault = DecompressionError(found: "corrupt zstd data (\(reason))", expected: "what zstd writes")
    }
    return step
  }
}
