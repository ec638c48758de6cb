import Compute
import Storage

/// Everything that training needs to go on with the same bits: one array in float64, which holds numbers of either
/// precision as they are.
///
/// [2 + 2 · parameters]: epoch, kind (0), parameters and velocity; of a tangent model [2 + 3 · parameters], the kind being
/// 1, or 2 where it is centred, and p₀ at the end.
struct TrainingCheckpoint {
    let epoch: Int
    let parameters: [Double]
    let velocity: [Double]
    let tangentPoint: (isCentred: Bool, parameters: [Double])?

    init(
        epoch: Int, parameters: [Double], velocity: [Double], tangentPoint: (isCentred: Bool, parameters: [Double])?
    ) {
        self.epoch = epoch
        self.parameters = parameters
        self.velocity = velocity
        self.tangentPoint = tangentPoint
    }

    /// - Throws: `StorageError` where the file is missing, damaged or of another net.
    init(_ path: String, parameterCount count: Int) throws {
        guard case .floating(let tensor, .float64) = try NPY.read(path), tensor.shape.count == 1, tensor.count >= 2,
            let epoch = Int(exactly: tensor.elements[0]), epoch >= 0, let kind = Int(exactly: tensor.elements[1]),
            (0...2).contains(kind), tensor.count == 2 + (kind == 0 ? 2 : 3) * count
        else {
            throw StorageError(
                .damaged, path: path, failure: "is no checkpoint of this net",
                reason: "it should hold an epoch and twice or three times \(count) parameters",
                advice: "remove it to begin anew")
        }
        func part(_ index: Int) -> [Double] { Array(tensor.elements[2 + index * count..<2 + (index + 1) * count]) }
        self.init(
            epoch: epoch, parameters: part(0), velocity: part(1),
            tangentPoint: kind == 0 ? nil : (kind == 2, part(2)))
    }

    /// The file appears whole or not at all.
    func write(to path: String) throws {
        let kind = tangentPoint.map { $0.isCentred ? 2.0 : 1 } ?? 0
        let numbers = [Double(epoch), kind] + parameters + velocity + (tangentPoint?.parameters ?? [])
        try NPY.write(Tensor(shape: [numbers.count], elements: numbers), to: path)
    }
}
