// Zstd.swift — RFC 8878 by libzstd: the only importer of CZstd
// SPDX-License-Identifier: MIT

internal import CZstd
internal import CheckedArithmetic

/// The first frame, and those that follow it.
func unzstd(_ bytes: ArraySlice<UInt8>, limit: Int) throws(DecompressionError) -> [UInt8] {
  let stream = ZstdStream()
  var output = Output(limit: limit)
  var left = bytes
  repeat {
    try stream.decompress(&left, to: &output)
  } while Compression(of: left) == .zstd
  return output.bytes
}

/// libzstd's state.
private struct ZstdStream: ~Copyable {
  private let context = ZSTD_createDCtx()

  init() {
    // A frame may ask for a window of up to 2 GiB; Linux uses 128 MiB at most.
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
  }

  deinit { ZSTD_freeDCtx(context) }

  /// One frame, which is taken off `left`.
  borrowing func decompress(
    _ left: inout ArraySlice<UInt8>, to output: inout Output
  ) throws(DecompressionError) {
    var hint = 1
    while hint != 0 {
      let input = left
      var taken = 0
      var written = 0
      try output.fill { buffer in
        input.withUnsafeBufferPointer { source in
          var from = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
          var to = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
          hint = ZSTD_decompressStream(context, &to, &from)
          (taken, written) = (from.pos, to.pos)
          return written
        }
      }
      guard ZSTD_isError(hint) == 0 else {
        throw DecompressionError(
          found: "corrupt zstd data (\(String(cString: ZSTD_getErrorName(hint))))",
          expected: "what zstd writes")
      }
      left = left.dropFirst(taken)
      if hint != 0, left.isEmpty, written < Output.chunk { throw .truncated }
    }
  }
}
