// Nets on planes, what their drivers share: tables, the two images of a pair, and where entries lie.
//
// For two images and a displacement D = p' - p the entries (p, p + D) are an image of their own, a plane. A pass takes
// one plane at a time from the start of a segment (the inputs, or the pool before) to its sink: steps do not leave the
// work-group, and only what pools mix lies in global memory (Planes.md in TangentKernels.docc).
//
// One text serves two forms in OpenCL:
//   group   GROUP work-items share a plane of one pair: REAL_WIDTH = 1, planes in local memory. For GPUs.
//   vector  GROUP = 1: one work-item runs a plane of REAL_WIDTH pairs, one image against a panel of as many, planes in
//           global memory that stay in its cache. For processors.
// The CPU backend has drivers of its own for the steps of a plane (planes.h in CPUKernels) around the rest of it.
//
// Tables of images: [count / LANES, size, LANES], LANES = REAL_WIDTH; `size` numbers per image: inputs [pixel, channel],
// the slots of all steps, the mean variance at the read-out. Lanes past the last image repeat it.
//
// Work-groups stay and take tasks g, g + groups, ...; each has scratch of its own:
//   pooled   v and t of the tensors that sinks make, of a read-out one entry; twice that with gradients
//   tape     v and t in front of every pointwise step of one plane, with gradients
//   planes   depth + 1 planes of v and t with their rims, where local memory is too small or absent
//
// Barriers stand in no condition, only in loops whose counts all work-items share: a phase that a step does not have is
// empty. That is what every compiler gets right.
//
// GROUP: 64 or 128. PLANES_LOCAL: planes lie in local memory, 2 (depth + 1) planes: for 32 x 32 pixels and a rim of 1
// 18 KiB in float32, so that local memory allows ten groups of 128 on 192 KiB. SHARE: rows that a work-item takes at a
// time through a 3 x 3 window, which loads 3 (SHARE + 2) numbers for SHARE results; 4 or 8.
// ABRELU, ERF, GELU, LAYER_NORM: defined for the activations that are compiled in, so that others cost no registers.

#ifndef GROUP
#define GROUP 1
#endif
#ifndef SHARE
#define SHARE 4
#endif
#define LANES REAL_WIDTH

#if GROUP == 1
#define ITEM 0
#define BARRIER
// Both indices of all places of a height x width rectangle.
#define FOR_PLACES(y, x, height, width)                                                                                \
    for (int y = 0; y < (height); y++)                                                                                 \
        for (int x = 0; x < (width); x++)
#else
#define ITEM ((int)get_local_id(0))
#define BARRIER barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
// The quotient is exact: it is at least 1/(2 width) away from the next integer.
#define FOR_PLACES(y, x, height, width)                                                                                \
    for (int place_ = ITEM; place_ < (height) * (width); place_ += GROUP)                                              \
        for (int y = (int)(((float)place_ + 0.5f) * (1.0f / (float)(width))), x = place_ - y * (width), once_ = 1;     \
             once_; once_ = 0)
#endif
// All numbers 0 ..< count, shared by the group.
#define FOR_ALL(i, count) for (int i = ITEM; i < (count); i += GROUP)

#ifdef PLANES_LOCAL
#define PLANES __local
#else
#define PLANES GLOBAL
#endif

// A number per lane in `acc`.
#if REAL_WIDTH == 1
typedef acc wide;
#define WIDEN(x) ((acc)(x))
#define NARROW(x) ((scalar)(x))
#elif defined(__OPENCL_C_VERSION__)
#if ACC_BITS == 64
#define ACC double
#else
#define ACC float
#endif
typedef PASTE(ACC, REAL_WIDTH) wide;
#define WIDEN(x) PASTE(PASTE(convert_, ACC), REAL_WIDTH)(x)
#define NARROW(x) PASTE(PASTE(convert_, scalar), REAL_WIDTH)(x)
#else
typedef acc wide __attribute__((ext_vector_type(REAL_WIDTH)));
#define WIDEN(x) __builtin_convertvector(x, wide)
#define NARROW(x) __builtin_convertvector(x, real)
#endif

#ifndef __OPENCL_C_VERSION__
STEP int max(int a, int b) { return a > b ? a : b; }
STEP int min(int a, int b) { return a < b ? a : b; }
#endif

// ---- tables of the plan, all of them ints ---------------------------------------------------------------------------

#define NO_SLOT -1
#define INPUTS -1

enum { LOAD_TENSOR, CONVOLUTION, PAD, FORK, JOIN, STEP_ABRELU, STEP_ERF, STEP_GELU, STEP_LAYER_NORM };
enum { SINK_FLATTEN, SINK_GLOBAL_POOL, SINK_POOL };

typedef struct {
    int height, width, stride_y, stride_x;
    int top, left; // pixels of padding in front
    int is_circular, is_padded;
} window;

typedef struct {
    int opcode;
    int height, width, input_height, input_width;
    window window; // of a convolution; of PAD the padding in front
    int slot, after; // as PlanesPlan.Step has them
    int parameter;   // of w^2/(filter size), of the factor of a tensor's sums, or of the first one that the step's file lists
    int input, output; // planes: a convolution reads and writes, a fork copies, a join adds `input` to `output`
    int reach_y, reach_x; // displacement in front of the step, for 1 at the end of the segment
    int has_ntk; // whether t is there in front of the step; else it is 0
    int run;     // pointwise steps from here on, or behind a convolution
    int taped;   // pointwise steps before, in the segment
    int record;  // offset of the step's part of a record
    int tensor;  // segment that made what is loaded, or INPUTS
} plane_step;

typedef struct {
    int first, count; // steps
    int end, end_height, end_width; // the plane that holds the result, and its image
    int is_circular;
    int range_y, range_x, self_y, self_x;
    int sink;
    window pool; // padded only where it wraps around
    int pool_height, pool_width, pool_range_y, pool_range_x; // image and displacements behind the sink
    int pooled, pooled_size; // numbers before, and of v, in the scratch of sinks
    int pool_scale; // parameter: what the sums of the sink are multiplied by
    int spread; // slot, as PlanesPlan.Segment has it
} plane_segment;

typedef struct {
    int segments;
    int height, width, channels; // of inputs
    int size;
    int stride, plane, origin; // of planes in memory: their rows, themselves, and the first pixel inside
    int planes; // in all
    int pooled; // numbers of all sinks, v and t
    int pixels; // of the largest image
    int record; // numbers of a record
    int tail;   // parameter: what the dense layers at the end make of (k, t)
} plane_plan;

// Everything that a pass over planes reads and writes.
typedef struct {
    CONSTANT plane_plan *plan;
    CONSTANT plane_segment *segments;
    CONSTANT plane_step *steps;
    CONSTANT acc *parameters;
    GLOBAL const scalar *row, *col;
    PLANES real *planes;
    GLOBAL real *pooled, *adjoints, *tape;
#ifdef __OPENCL_C_VERSION__
    __local acc *sums; // GROUP of them
#else
    int pairing;
    real *columns; // of a row of windows
#endif
} pass;

#define PLAN_ARGUMENTS                                                                                                 \
    CONSTANT plane_plan *plan, CONSTANT plane_segment *segments, CONSTANT plane_step *steps, CONSTANT acc *parameters

// In a kernel's own scope: where work-items add up.
#if GROUP > 1
#define GROUP_SUMS __local acc group_sums[GROUP]
#else
#define GROUP_SUMS __local acc *group_sums = 0
#endif

// In the scope of a kernel of gradients: what its group has of the scratch; `rest` is behind tensors, tape and planes.
#define GRADIENT_SCRATCH                                                                                               \
    GLOBAL real *own = scratch + get_group_id(0) * scratch_size;                                                       \
    GLOBAL real *tape = own + 2 * plan->pooled, *rest = tape + tape_size;                                              \
    PLACE_OF_PLANES
#ifdef PLANES_LOCAL
#define PLACE_OF_PLANES
#else
#define PLACE_OF_PLANES                                                                                                \
    GLOBAL real *planes = rest;                                                                                        \
    rest += 2 * plan->planes * plan->plane
#endif

// The rows of plane `number`: values of v or k, and of t behind them.
#define FIRST(pass, number) ((pass)->planes + 2 * (number) * (pass)->plan->plane + (pass)->plan->origin)
#define SECOND(pass, number) (FIRST(pass, number) + (pass)->plan->plane)

// ---- the two images -------------------------------------------------------------------------------------------------

// PAIRING: a row against a panel, a panel against itself, or one image against itself in all lanes.
#define ROW_AGAINST_PANEL 0
#define PANEL_AGAINST_ITSELF 1
#define ROW_AGAINST_ITSELF 2

#ifdef __OPENCL_C_VERSION__
#define HAS_BOTH (PAIRING == ROW_AGAINST_ITSELF)
#endif

#ifndef __OPENCL_C_VERSION__
#define ROW(pass, i)                                                                                                   \
    ((pass)->pairing == PANEL_AGAINST_ITSELF ? LOAD((pass)->row + (size_t)(i) * LANES) : R((pass)->row[i]))
#define COL(pass, i)                                                                                                   \
    ((pass)->pairing == ROW_AGAINST_ITSELF ? R((pass)->col[i]) : LOAD((pass)->col + (size_t)(i) * LANES))
#elif REAL_WIDTH == 1
#define ROW(pass, i) ((pass)->row[i])
#define COL(pass, i) ((pass)->col[i])
#elif PAIRING == ROW_AGAINST_PANEL
#define ROW(pass, i) R((pass)->row[i])
#define COL(pass, i) LOAD((pass)->col + (i) * LANES)
#elif PAIRING == PANEL_AGAINST_ITSELF
#define ROW(pass, i) LOAD((pass)->row + (i) * LANES)
#define COL(pass, i) LOAD((pass)->col + (i) * LANES)
#else
#define ROW(pass, i) R((pass)->row[i])
#define COL(pass, i) R((pass)->col[i])
#endif

// Loads `count` slots of a pixel of either image, planes of `pixels` numbers each, from what ROW and COL take.
#define LOAD_SLOTS(SIDES, INDEX)                                                                                       \
    STEP void load_slots(const SIDES *s, INDEX slot, INDEX pixels, int count, INDEX p, INDEX q, real *row,             \
                         real *col) {                                                                                  \
        _Pragma("unroll") for (int i = 0; i < count; i++) {                                                            \
            row[i] = ROW(s, slot + i * pixels + p);                                                                    \
            col[i] = COL(s, slot + i * pixels + q);                                                                    \
        }                                                                                                              \
    }

// ---- where entries lie ----------------------------------------------------------------------------------------------

// The pixels p of an image for which p + D is in the image too: height x width from (y, x) on.
typedef struct {
    int y, x, height, width;
} extent;

STEP extent extent_of(int height, int width, int dy, int dx, int is_circular) {
    extent all = {0, 0, height, width};
    if (is_circular) return all;
    extent part = {max(-dy, 0), max(-dx, 0), max(height - max(dy, -dy), 0), max(width - max(dx, -dx), 0)};
    return part;
}

// Number i of `size` that wraps around.
STEP int wrapped(int i, int size) {
    i %= size;
    return i < 0 ? i + size : i;
}

// Index of the partner p' = p + D of pixel (y, x).
STEP int partner(int y, int x, int dy, int dx, int height, int width, int is_circular) {
    int py = y + dy, px = x + dx;
    if (is_circular) {
        py -= py >= height ? height : 0;
        px -= px >= width ? width : 0;
    }
    return py * width + px;
}

// Sum of size - |i| over -range <= i < d: entries along one axis of the planes before d.
STEP int extents_before(int size, int range, int d) {
    int near = d > 0 ? d - 1 : -d;
    int absolute = range * (range + 1) / 2 + (d > 0 ? near * (near + 1) / 2 : -near * (near + 1) / 2);
    return size * (d + range) - absolute;
}

// Offset of plane D in a pooled tensor: planes as large as their extents, in the order of the displacements.
STEP int pooled_offset(CONSTANT plane_segment *segment, int dy, int dx) {
    int all = extents_before(segment->pool_width, segment->pool_range_x, segment->pool_range_x + 1);
    int height = segment->pool_height - max(dy, -dy);
    return extents_before(segment->pool_height, segment->pool_range_y, dy) * all +
           height * extents_before(segment->pool_width, segment->pool_range_x, dx);
}

STEP int displacements_from(int range, int is_circular) { return is_circular ? 0 : -range; }

STEP int is_pointwise(CONSTANT plane_step *step) { return step->opcode >= STEP_ABRELU; }

// The pixel that offset (i, j) of the window of output (y, x) reads; -1 beyond the border.
STEP int window_pixel(CONSTANT window *w, int height, int width, int y, int x, int i, int j) {
    int py = y * w->stride_y + i - w->top, px = x * w->stride_x + j - w->left;
    if (w->is_circular) {
        py = wrapped(py, height);
        px = wrapped(px, width);
    }
    int is_outside = py < 0 || py >= height || px < 0 || px >= width;
    return is_outside ? -1 : py * width + px;
}

// Number of the output whose window sees input i of `size` at offset w; -1 if there is none among `outputs`.
STEP int seen_from(int i, int w, int front, int stride, int size, int outputs, int is_circular) {
    int z = i + front - w;
    if (is_circular) z = wrapped(z, size);
    return z >= 0 && z % stride == 0 && z / stride < outputs ? z / stride : -1;
}

// sum = the outputs whose windows see input (y, x); rows of the outputs lie `pitch` apart.
#define TRANSPOSED_SUM(sum, step, from, pitch, y, x, in_height, in_width, out_height, out_width)                       \
    for (int i = 0; i < (step)->window.height; i++) {                                                                  \
        int out_y = seen_from(y, i, (step)->window.top, (step)->window.stride_y, in_height, out_height,                \
                              (step)->window.is_circular);                                                             \
        for (int j = 0; out_y >= 0 && j < (step)->window.width; j++) {                                                 \
            int out_x = seen_from(x, j, (step)->window.left, (step)->window.stride_x, in_width, out_width,             \
                                  (step)->window.is_circular);                                                         \
            if (out_x >= 0) sum += (from)[out_y * (pitch) + out_x];                                                    \
        }                                                                                                              \
    }
