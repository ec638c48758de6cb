import CHDF5
import Compute

/// A new HDF5 file: groups with attributes, and arrays that are written some rows at a time.
///
/// A file that is being written is worth nothing before it is closed, so that HDF5 is a format to export to and no place
/// to compute in. Chunks carry Fletcher's checksum.
package struct HDF5File {
    /// The name under which the file will stand; for messages.
    private let path: String
    private let file: hid_t

    /// Writes a file that appears whole or not at all.
    /// - Throws: ``StorageError`` of a failed system call, or whatever `body` throws.
    package static func write(
        to path: String, calls: FileCalls = .system, _ body: (HDF5File) throws(StorageError) -> Void
    ) throws(StorageError) {
        // Errors are thrown, not printed, and a file that failed is not tried again when the program ends.
        H5dont_atexit()
        H5Eset_auto2(ntk_h5_error_stack(), nil, nil)
        try AtomicFile.make(at: path, calls: calls) { temporary throws(StorageError) in
            let file = H5Fcreate(temporary, ntk_h5_exclusive(), ntk_h5_default(), ntk_h5_default())
            let new = HDF5File(path: path, file: try HDF5Failure.check(file, path))
            do throws(StorageError) { try body(new) } catch {
                H5Fclose(file)
                throw error
            }
            try HDF5Failure.check(H5Fclose(file), path)
        }
    }

    /// Makes a group at the top.
    /// - Parameter attributes: texts.
    package func addGroup(_ name: String, attributes: [String: String] = [:]) throws(StorageError) {
        let group = try check(H5Gcreate2(file, name, ntk_h5_default(), ntk_h5_default(), ntk_h5_default()))
        defer { H5Gclose(group) }
        try add(attributes, to: group)
    }

    /// Adds texts to the file itself.
    package func add(_ attributes: [String: String]) throws(StorageError) { try add(attributes, to: file) }

    /// Adds a symmetric matrix from its tiles, in chunks of their size.
    /// - Parameter name: of the array, behind that of its group.
    package func add(
        _ strips: SymmetricStrips, as name: String, onStrip: (_ rows: Int) -> Void = { _ in }
    ) throws(StorageError) {
        let matrix = strips.matrix
        let type = NPYType(matrix.precision)
        // A chunk is no larger than its array, and in memory as a whole.
        let chunk = min(matrix.tile, matrix.rows, 4096)
        try add(name, type, shape: [matrix.rows, matrix.rows], chunk: [chunk, chunk]) { array throws(StorageError) in
            try strips.forEach { rows, numbers throws(StorageError) in
                try array.write(rows, numbers)
                onStrip(rows.upperBound)
            }
        }
    }

    /// Adds the array of a `.npy` file in C order.
    /// - Parameter name: of the array, behind that of its group.
    /// - Throws: ``StorageError`` also of the `.npy` file.
    /// - Complexity: a megabyte of it, or a row where that is larger, is in memory.
    package func add(npy source: String, as name: String) throws(StorageError) {
        let reader = try FileReader(path: source)
        let (header, start) = try NPYHeader.read(from: reader)
        let count = try NPY.checkedCount(header, start, reader)
        guard !header.isFortranOrder else {
            throw .unsupported(source, "it is in Fortran order", advice: "save it with numpy.ascontiguousarray")
        }
        guard let all = header.shape.first, count > 0 else {
            // A number alone, or none at all: nothing to cut into chunks.
            let bytes = try reader.read(upTo: count * header.type.byteCount)
            return try add(name, header.type, shape: header.shape, chunk: nil) { array throws(StorageError) in
                try bytes.withUnsafeBufferPointer { bytes throws(StorageError) in
                    try array.writeAll(UnsafeRawBufferPointer(bytes))
                }
            }
        }
        let width = count / all * header.type.byteCount
        let height = min(all, max(1, (1 << 20) / width))
        try add(name, header.type, shape: header.shape, chunk: [height] + header.shape.dropFirst()) {
            array throws(StorageError) in
            for first in stride(from: 0, to: all, by: height) {
                let rows = first..<min(first + height, all)
                let bytes = try reader.read(upTo: rows.count * width)
                guard bytes.count == rows.count * width else { throw .damaged(source, "it has shrunk") }
                try bytes.withUnsafeBufferPointer { bytes throws(StorageError) in
                    try array.write(rows, UnsafeRawBufferPointer(bytes))
                }
            }
        }
    }

    private func add(
        _ name: String, _ type: NPYType, shape: [Int], chunk: [Int]?,
        _ body: (HDF5Array) throws(StorageError) -> Void
    ) throws(StorageError) {
        let layout = try check(H5Pcreate(ntk_h5_dataset_creation()))
        defer { H5Pclose(layout) }
        if let chunk {
            try check(H5Pset_chunk(layout, Int32(chunk.count), chunk.map { hsize_t($0) }))
            try check(H5Pset_fletcher32(layout))
        }
        let space = try check(
            shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, nil)
        )
        defer { H5Sclose(space) }
        let handle = try check(
            H5Dcreate2(file, name, type.hdf5, space, ntk_h5_default(), layout, ntk_h5_default()))
        let array = HDF5Array(path: path, handle: handle, space: space, type: type.hdf5, shape: shape)
        do throws(StorageError) { try body(array) } catch {
            H5Dclose(handle)
            throw error
        }
        try check(H5Dclose(handle))
    }

    private func add(_ attributes: [String: String], to object: hid_t) throws(StorageError) {
        let type = try check(H5Tcopy(ntk_h5_string()))
        defer { H5Tclose(type) }
        try check(H5Tset_size(type, ntk_h5_variable()))
        try check(H5Tset_cset(type, H5T_CSET_UTF8))
        let space = try check(H5Screate(H5S_SCALAR))
        defer { H5Sclose(space) }
        for (name, text) in attributes.sorted(by: { $0.key < $1.key }) {
            let attribute = try check(
                H5Acreate2(object, name, type, space, ntk_h5_default(), ntk_h5_default()))
            defer { H5Aclose(attribute) }
            let status = text.withCString { start in
                var pointer: UnsafePointer<CChar>? = start
                return H5Awrite(attribute, type, &pointer)
            }
            try check(status)
        }
    }

    @discardableResult
    private func check<T: SignedInteger>(_ status: T) throws(StorageError) -> T { try HDF5Failure.check(status, path) }
}

/// An array of a file, of which some rows are written at a time.
private struct HDF5Array {
    let path: String
    let handle: hid_t
    let space: hid_t
    let type: hid_t
    let shape: [Int]

    /// - Parameter numbers: of the rows, in C order.
    func write(_ rows: Range<Int>, _ numbers: UnsafeRawBufferPointer) throws(StorageError) {
        let start = [hsize_t(rows.lowerBound)] + shape.dropFirst().map { _ in 0 }
        let count = [hsize_t(rows.count)] + shape.dropFirst().map { hsize_t($0) }
        try HDF5Failure.check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nil, count, nil), path)
        let memory = try HDF5Failure.check(H5Screate_simple(Int32(count.count), count, nil), path)
        defer { H5Sclose(memory) }
        try HDF5Failure.check(H5Dwrite(handle, type, memory, space, ntk_h5_default(), numbers.baseAddress), path)
    }

    func writeAll(_ numbers: UnsafeRawBufferPointer) throws(StorageError) {
        try HDF5Failure.check(
            H5Dwrite(handle, type, ntk_h5_whole(), ntk_h5_whole(), ntk_h5_default(), numbers.baseAddress), path)
    }
}

extension NPYType {
    fileprivate var hdf5: hid_t {
        switch self {
        case .float32: ntk_h5_float32()
        case .float64: ntk_h5_float64()
        case .uint8: ntk_h5_uint8()
        case .int32: ntk_h5_int32()
        case .int64: ntk_h5_int64()
        }
    }
}

/// Why a call of the library failed, from its stack of errors.
private struct HDF5Failure {
    /// What stands on the stack, the cause among it.
    private var entries: [String] = []

    /// - Parameter status: negative for a failure.
    @discardableResult
    static func check<T: SignedInteger>(_ status: T, _ path: String) throws(StorageError) -> T {
        guard status < 0 else { return status }
        var failure = HDF5Failure()
        withUnsafeMutablePointer(to: &failure) { failure in
            _ = H5Ewalk2(
                ntk_h5_error_stack(), H5E_WALK_UPWARD,
                { _, entry, target in
                    guard let text = entry?.pointee.desc, let target else { return 0 }
                    target.assumingMemoryBound(to: HDF5Failure.self).pointee.entries.append(String(cString: text))
                    return 0
                }, failure)
        }
        throw failure.error(path)
    }

    /// A system call's own error where there was one, else the library's words.
    private func error(_ path: String) -> StorageError {
        for entry in entries {
            guard let match = entry.firstMatch(of: /errno = (\d+)/), let code = Int32(match.1), code != 0 else {
                continue
            }
            return .writing(path, SystemError(code: code))
        }
        return StorageError(
            .unwritable, path: path, failure: "cannot be written", reason: entries.first ?? "HDF5 gives no reason",
            advice: "check the disk and run the same command again")
    }
}
