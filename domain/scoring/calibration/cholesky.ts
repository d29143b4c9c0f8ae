/** A square matrix, row by row. */
export interface SquareMatrix {
  readonly size: number;
  readonly values: Float64Array;
}

/** A symmetric positive definite matrix, taken apart so that equations with it can be solved. */
export interface Factorised {
  /** x with A x = b. */
  solve(b: Float64Array): Float64Array;
  /** The diagonal of A⁻¹. */
  inverseDiagonal(): Float64Array;
}

/** Cholesky's A = L Lᵀ; only the lower triangle of `matrix` is read. Throws where it is not positive definite. */
export function factorise({ size, values }: SquareMatrix): Factorised {
  const lower = new Float64Array(size * size);
  const at = (row: number, column: number) => lower[row * size + column] ?? 0;
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let rest = values[row * size + column] ?? 0;
      for (let k = 0; k < column; k += 1) rest -= at(row, k) * at(column, k);
      if (row === column && !(rest > 0)) throw new Error('the matrix is not positive definite');
      lower[row * size + column] = row === column ? Math.sqrt(rest) : rest / at(column, column);
    }
  }

  /** y with L y = b. */
  function forward(b: Float64Array): Float64Array {
    const y = Float64Array.from(b);
    for (let row = 0; row < size; row += 1) {
      let rest = y[row] ?? 0;
      for (let k = 0; k < row; k += 1) rest -= at(row, k) * (y[k] ?? 0);
      y[row] = rest / at(row, row);
    }
    return y;
  }

  return {
    solve(b) {
      const x = forward(b);
      for (let row = size - 1; row >= 0; row -= 1) {
        let rest = x[row] ?? 0;
        for (let k = row + 1; k < size; k += 1) rest -= at(k, row) * (x[k] ?? 0);
        x[row] = rest / at(row, row);
      }
      return x;
    },
    inverseDiagonal() {
      // (A⁻¹)ⱼⱼ = |L⁻¹ eⱼ|².
      return Float64Array.from({ length: size }, (_, column) => {
        const unit = new Float64Array(size);
        unit[column] = 1;
        return forward(unit).reduce((sum, value) => sum + value * value, 0);
      });
    },
  };
}
