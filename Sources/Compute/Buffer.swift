/// Memory of one device: `count` numbers of one precision. Only the backend that made it knows what `storage` is.
package final class Buffer: Sendable {
    package let count: Int
    package let precision: Precision
    /// The backend's own handle; it frees the memory when the buffer goes.
    package let storage: any AnyObject & Sendable

    package init(count: Int, precision: Precision, storage: any AnyObject & Sendable) {
        self.count = count
        self.precision = precision
        self.storage = storage
    }
}
