// The icons: a 24 grid, one stroke, no fills. An icon says nothing by itself; the words stand beside it.

const paths = {
  check: "m5 12.5 4.500 4.500L19 7.500",
  clock: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 8v4.300l2.800 1.700",
  err: "M8.500 4h7L20 8.500v7L15.500 20h-7L4 15.500v-7zM12 8v5M12 16v.1",
  globe: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM4.500 12h15M12 4c2.500 2.500 3.500 5 3.500 8s-1 5.500-3.500 8c-2.500-2.500-3.500-5-3.500-8s1-5.500 3.500-8z",
  chevron: "m7 10 5 5 5-5",
  moon: "M19 14.500A7.500 7.500 0 0 1 9.500 5 7.500 7.500 0 1 0 19 14.500z",
  out: "M13.500 5H19v5.500M19 5l-8 8M10 6.500H5.500v12h12V14",
  phone: "M8 3.500h8a1 1 0 0 1 1 1v15a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1v-15a1 1 0 0 1 1-1zM11 17.800h2",
  refresh: "M18.500 12a6.500 6.500 0 1 1-1.900-4.600L18.500 9.300M18.500 5v4.300h-4.300",
  sun: "M12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM12 3.500v2M12 18.500v2M3.500 12h2M18.500 12h2M6 6l1.400 1.400M16.600 16.600 18 18M6 18l1.400-1.400M16.600 7.400 18 6",
  system: "M12 19.500v-15a7.500 7.500 0 0 1 0 15zM12 19.500a7.500 7.500 0 0 1 0-15",
  warning: "M12 4.500 20.500 19h-17zM12 10v4M12 16.500v.1",
  wifi: "M4 9.500c4.800-4.300 11.200-4.300 16 0M7 13c3-2.600 7-2.600 10 0M10 16.300c1.200-1 2.800-1 4 0M4 4l16 16",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: 12 | 14 | 16 | 20 }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <path d={paths[name]} strokeWidth={size < 14 ? 1.9 : 1.6} />
    </svg>
  );
}
