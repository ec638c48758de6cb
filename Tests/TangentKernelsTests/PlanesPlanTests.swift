import Compute
import TangentKernels
import Testing

/// Where the numbers of a net on planes lie, and which displacements it needs.
struct PlanesPlanTests {
    private let conv = Conv(filter: (3, 3), weightStd: 1, biasStd: 0)
    private let pool = AvgPool(window: (2, 2), stride: (2, 2))
    private let dense = Dense(weightStd: 3, biasStd: 2)

    private func plan(_ layers: [any Layer]) throws -> PlanesPlan {
        PlanesPlan(try Architecture(layers).program(height: 4, width: 4, channels: 3))
    }

    @Test func slotsOfAFlattenedNet() throws {
        let plan = try plan([conv, Relu(), conv, Erf(), conv, Flatten(), dense])
        let slots = plan.segments[0].steps.map(\.slot)
        // 48 inputs; two numbers per pixel of relu, six of erf; the plane D = 0 reads no variance over the border.
        #expect(slots == [nil, nil, 48, nil, 80, nil])
        #expect(plan.segments[0].steps.map(\.after) == [nil, nil, nil, nil, nil, 176])
        #expect(plan.size == 193)
        #expect([plan.rimY, plan.rimX, plan.depth] == [1, 1, 1])
    }

    private func displacements(_ reaches: [PlanesPlan.Reach]) -> [[Int]] { reaches.map { [$0.y, $0.x] } }

    @Test func displacementsBelowAPool() throws {
        let plan = try plan([conv, Relu(), pool, conv, Relu(), Flatten(), dense])
        #expect(displacements(plan.segments.map(\.range)) == [[1, 1], [0, 0]])
        #expect(displacements(plan.segments.map(\.selfRange)) == [[1, 1], [-1, -1]])
        #expect(plan.segments[0].spread == 48 + 16 + 32)
        guard case .pool(let pool) = plan.segments[0].sink else {
            Issue.record("the first segment ends in \(plan.segments[0].sink)")
            return
        }
        #expect([pool.height, pool.width] == [2, 2])
        #expect(pool.scale == 1.0 / 16)
    }

    @Test func stridesSpreadDisplacements() throws {
        let strided = Conv(filter: (3, 3), stride: (2, 2), weightStd: 1, biasStd: 0)
        let plan = try plan([conv, Relu(), strided, Relu(), GlobalAvgPool(), dense])
        #expect(displacements([plan.segments[0].range]) == [[1, 1]])
        #expect(plan.segments[0].steps.map(\.reach.y) == [2, 2, 2, 2, 1])
        #expect(plan.segments[0].endHeight == 2)
    }

    @Test func denseLayersBehindTheReadOut() throws {
        let tail = try plan([conv, Relu(), Flatten(), dense, dense]).tail
        #expect(tail[.nngp](k: 1, t: 5) == 9 * (9 + 4) + 4)
        #expect(tail[.ntk](k: 1, t: 5) == 9 * (13 + 9 * 5) + 121)
    }

    @Test func otherLayersBehindTheReadOut() throws {
        let plan = try plan([conv, Relu(), Flatten(), dense, Relu(), dense])
        #expect(plan.segments.map(\.sink) == [.flatten, .flatten])
        #expect([plan.segments[1].endHeight, plan.segments[1].endWidth] == [1, 1])
        let window = Window(height: 1, width: 1, strideY: 1, strideX: 1, padding: .valid)
        #expect(
            plan.segments[1].steps.map(\.operation)
                == [.load(segment: 0), .convolution(window), .point(.abrelu(a: 0, b: 1))])
        // 48 inputs; two numbers per pixel of relu, on 16 pixels and on one, and the last variance.
        #expect(plan.segments[0].spread == nil && plan.size == 48 + 32 + 2 + 1)
        #expect(plan.tail[.nngp](k: 1, t: 5) == 13)
    }

    /// The variance of a mean over pixels wants the image's covariance with itself, on all planes.
    @Test func theSpreadOfAGlobalPool() throws {
        let alone = try plan([conv, Relu(), GlobalAvgPool(), dense, dense])
        #expect(alone.segments.count == 1 && displacements([alone.segments[0].selfRange]) == [[-1, -1]])
        let followed = try plan([conv, pool, conv, Relu(), GlobalAvgPool(), dense, Relu(), dense])
        #expect(displacements(followed.segments.map(\.range)) == [[3, 3], [1, 1], [0, 0]])
        #expect(displacements(followed.segments.map(\.selfRange)) == [[3, 3], [1, 1], [-1, -1]])
        #expect(followed.segments[1].spread != nil)
    }
}
